#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"

#include "hsm/base/bytes.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// Whether storage holds what CopyLedger was interrupted at, or a rebuild: a head without evidence.
absl::StatusOr<bool> IsUnfinished(Store& store);

// Copies a ledger that nobody works on to empty storage of whatever engine: the same rows, directories and
// head, so the device's anchor takes the copy for what the original is, and no epoch passes. The device is
// not asked. The head comes last: until then the copy is an unfinished one, which Ledger::Open refuses.
// `progress` (may be empty) hears how many rows there are about every thousand. FAILED_PRECONDITION: no
// ledger of this realm, or the target is not empty; DATA_LOSS: a row is out of place. What the source says is
// not checked: see VerifyContent, before and after.
absl::Status CopyLedger(Store& source, Store& target, ByteView realm_id,
                        const std::function<void(uint64_t)>& progress);

}  // namespace labrec::recovery
