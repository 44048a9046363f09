#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Deletes the record: the returned account no longer lists it, and its row is to be removed, nonces and all.
// A record that was destroyed, or only begun, may be deleted too. PERMISSION_DENIED: neither an enrolled
// device, nor the holder of the active version's unlock key, nor the operator; NOT_FOUND: there is no such
// record.
absl::StatusOr<Account> ApplyDelete(const std::optional<Account>& account,
                                    const std::optional<Record>& record, const DeleteRecord& request);

}  // namespace labrec::recovery
