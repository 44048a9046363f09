#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Registering a version of a record: begun, then pending, then active (docs/protocol.md, "Registering").
// Pure functions from rows and a request to the next rows. An error means that nothing changes.

struct BegunRows {
  Account account;  // lists the record
  Record record;
};

// Gives the version a nonce, and so a key that protects nothing yet. It takes the place of a version that is
// begun only; as every version gets a fresh nonce, no nonce ever answers more than two evaluations before it
// is finished. Needs no signature, but an account that had a device: a token alone makes no rows. A
// chip-enforced one needs a signature too, since it takes room in the chip.
// INVALID_ARGUMENT: not 1 or 2 elements; PERMISSION_DENIED: chip-enforced without a good signature;
// FAILED_PRECONDITION: no account, or the version is not above every finished one; RESOURCE_EXHAUSTED: the
// account has 16 records.
absl::StatusOr<BegunRows> ApplyBegin(const std::optional<Account>& account,
                                     const std::optional<Record>& record, const RecordName& name,
                                     const BeginRegistration& request);

// The begun version becomes pending, in place of an older pending one; an active one stays usable. Guesses
// spent stay spent: a finished registration adds none. A destroyed record comes back to life with a fresh
// budget, as nothing of the old one is left to guess. Sent again after it was done, it changes nothing.
// PERMISSION_DENIED: neither an enrolled device nor the holder of an unlock key of the record;
// FAILED_PRECONDITION: no version was begun under this registration id.
absl::StatusOr<Record> ApplyFinish(const std::optional<Account>& account, const std::optional<Record>& record,
                                   const FinishRegistration& request);

// The pending version becomes active and all older ones are erased. The guesses spent are then those spent on
// this very version, and none if an unlock key signed: so a stolen device that does not know the secret gains
// no guess against it. Activating the active version changes nothing (in particular, it refills nothing).
// PERMISSION_DENIED: neither an enrolled device nor the unlock key of this or the active version; NOT_FOUND:
// the version is neither pending nor active.
absl::StatusOr<Record> ApplyActivate(const std::optional<Account>& account,
                                     const std::optional<Record>& record, const Activate& request);

}  // namespace labrec::recovery
