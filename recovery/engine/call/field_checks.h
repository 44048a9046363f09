#pragma once

#include "absl/status/status.h"

#include "recovery/api/names.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/requests.h"

namespace labrec::recovery {

// INVALID_ARGUMENT, with the field's name, if a field breaks the rules of recovery/api. Pure.
absl::Status CheckCaller(const Caller& caller);
// Commitment, config and sealed secret of a registration, by their sizes.
absl::Status CheckSizes(const RegistrationRequest& request);

}  // namespace labrec::recovery
