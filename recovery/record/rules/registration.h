#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Registering a version of a record: begun, then pending, then active (docs/protocol.md, "Registering").
// Pure functions from rows and a request to the next rows. An error means that nothing changes.
//
// A version that the ledger counts is begun without a row, by anybody with a token: what nobody signed must
// not take a place that others need. A chip-enforced one takes room in the chip, and so a signature and a
// row.

struct RegistrationRows {
  Account account;  // lists the record
  Record record;
};

// Whether a version of this number may be begun. FAILED_PRECONDITION: the account never had a device, or the
// number is not above the highest finished one, or more than kMostVersionStep above it.
absl::Status MayBegin(const std::optional<Account>& account, const std::optional<Record>& record,
                      uint32_t version);

// Gives the version a row, and so a key that protects nothing yet. It takes the place of a version that is
// begun only. PERMISSION_DENIED: neither an enrolled device nor the active version's unlock key; as MayBegin;
// RESOURCE_EXHAUSTED: the account has 16 records.
absl::StatusOr<RegistrationRows> ApplyBegin(const std::optional<Account>& account,
                                            const std::optional<Record>& record, const RecordName& name,
                                            const BeginChipVersion& request);

// The version becomes pending, in place of an older pending one; an active one stays usable. It starts with
// as many guesses left as that usable version has which has the fewest, of those that have some, and no more
// than its own limit: so registering gives nobody a guess, and takes no one's last. If none has any left,
// nothing is left to guess at: it starts full, and so it does in a destroyed record. Sent again after it was
// done, it changes nothing. PERMISSION_DENIED: neither an enrolled device nor the active version's unlock
// key; FAILED_PRECONDITION: the version was not begun so, or as MayBegin; RESOURCE_EXHAUSTED: 16 records.
absl::StatusOr<RegistrationRows> ApplyFinish(const std::optional<Account>& account,
                                             const std::optional<Record>& record, const RecordName& name,
                                             const FinishRegistration& request);

// The pending version becomes active and all older ones are erased, and so is one that an older one's unlock
// key began in the chip. No count changes: only a success with a version gives guesses back. Activating the
// active version changes nothing. PERMISSION_DENIED: neither an enrolled device nor the unlock key of this or
// the active version; NOT_FOUND: the version is neither pending nor active.
absl::StatusOr<Record> ApplyActivate(const std::optional<Account>& account,
                                     const std::optional<Record>& record, const Activate& request);

}  // namespace labrec::recovery
