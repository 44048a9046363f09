#pragma once

#include <optional>

#include "absl/status/status.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Whose word counts, judged against the rows as they are when the request is applied: a signature that was
// good when it was checked is void if its device was revoked, or its version replaced, since.

// True if the signature is by a device enrolled in `account` now. No account: false.
bool IsEnrolled(const std::optional<Account>& account, const ByDevice& by);

// True if the signature is by the unlock key of the active version of `record` now, and names that record.
// The key of a pending version speaks for nothing but that version (ApplyUnlock, ApplyActivate): else what a
// thief's device left behind would outlive the device's revocation.
bool HoldsUnlockKey(const std::optional<Record>& record, const ByUnlockKey& by);

// True if `authority` is an enrolled device or the holder of the active version's unlock key.
bool DeviceOrUnlockKey(const Authority& authority, const std::optional<Account>& account,
                       const std::optional<Record>& record);

// The same, or the operator.
bool AnyButTokenHolder(const Authority& authority, const std::optional<Account>& account,
                       const std::optional<Record>& record);

// PERMISSION_DENIED: "`what` needs ...".
absl::Status NeedsSignature(const char* what);

}  // namespace labrec::recovery
