#pragma once

#include <string_view>

#include "absl/status/status.h"

#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/requests.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// INVALID_ARGUMENT, with the field's name, if a field breaks limits.h. Pure.
absl::Status CheckCaller(const Caller& caller);
absl::Status CheckName(const RecordName& name);
absl::Status CheckDeviceName(std::string_view name);
// Commitment, config and sealed secret of a registration, by their sizes.
absl::Status CheckSizes(const RegistrationRequest& request);

}  // namespace labrec::recovery
