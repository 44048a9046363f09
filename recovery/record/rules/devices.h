#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Who may become an account's first device by a token alone: whoever comes first; the key that a token names,
// which this one does not; nobody. And, for the call that has it, nobody as its token names another key.
enum class FirstDevicePolicy { kOpen, kToken, kAdmin, kAnotherKey };

// The devices of an account: pure functions from its row, and a request, to its next row. An error means
// that nothing changes.

// What enrolling looks at besides the request.
struct EnrollmentState {
  const RecordName& account;              // `record` is not looked at
  const std::optional<Account>& row;      // none: the account never had a device
  const std::optional<Record>& unlocked;  // the record that a ByUnlockKey authority names
  FirstDevicePolicy first_device;
};

// Adds the device. Enrolling an enrolled key again changes nothing, so that a lost answer may be asked for
// again. PERMISSION_DENIED: the authority does not suffice, or its token names another key;
// FAILED_PRECONDITION: the realm takes first devices from the operator only, or only those that a token
// names; RESOURCE_EXHAUSTED: the account has 32 devices.
absl::StatusOr<Account> ApplyEnroll(const EnrollmentState& state, const EnrollDevice& request,
                                    int64_t now_ms);

// Removes the device; a device may remove itself. The account stays when it was the last. In each record of
// the account the caller also drops what the device left unactivated (ForgetDevice in erasure.h). NOT_FOUND:
// no such device; PERMISSION_DENIED as above.
absl::StatusOr<Account> ApplyRevoke(const std::optional<Account>& row, const std::optional<Record>& unlocked,
                                    const RevokeDevice& request);

}  // namespace labrec::recovery
