#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// What becomes of a record when the chip counted, refused or was written (docs/protocol.md, "Chip-enforced
// records"). Pure functions from the record's row and what the chip did to the next row. The chip has acted
// already: NOT_FOUND says that the version it acted for is not there any more, under this index.

// Count 0 and the new limit, the kept answers dropped. Limit 0 retires the version: it is erased, for which
// there must be a newer usable one. FAILED_PRECONDITION if not: nobody asks the chip then (see MayWrite).
absl::StatusOr<Record> ApplyChipWritten(const std::optional<Record>& record, const ChipWritten& written);

// Whether a write with this limit may be made: 2 (kMostRegistrationEvaluations) for a begun version that was
// not written, its guess limit for one that was, 0 as above. NOT_FOUND, FAILED_PRECONDITION.
absl::Status MayWrite(const std::optional<Record>& record, uint32_t version, uint32_t limit);

// The answer is kept, if its element was counted and has none yet; count and limit are noted.
absl::StatusOr<Record> ApplyChipEvaluated(const std::optional<Record>& record,
                                          const ChipEvaluated& evaluated);

// The version is erased; with the last usable one the record is destroyed.
absl::StatusOr<Record> ApplyChipSpent(const std::optional<Record>& record, const ChipSpent& spent);

// A version that was begun and not finished is erased, so that others get its room in the chip.
// FAILED_PRECONDITION: it was finished meanwhile, and stays.
absl::StatusOr<Record> ApplyChipGivenUp(const std::optional<Record>& record, const ChipVersion& begun);

// The sealed answer to this element, null if there is none.
const CountedAnswer* FindAnswer(const RecordVersion& version, const Digest& element);

}  // namespace labrec::recovery
