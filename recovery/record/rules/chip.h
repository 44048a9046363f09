#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// What becomes of a record when the chip counted, refused or was written (docs/protocol.md, "Chip-enforced
// records"). Pure functions from the record's row and what the chip did to the next row. The chip has acted
// already: NOT_FOUND says that the version it acted for is not there any more, under this index.

// So many guesses are left, the kept answers dropped. 0 retires the version: it is erased where there is a
// newer usable one, and stays without a guess where there is none, for who deletes the record next.
absl::StatusOr<Record> ApplyChipWritten(const std::optional<Record>& record, const ChipWritten& written);

// How many guesses a write of the limit that a client signed leaves at most. 0 retires a usable version. The
// first write of a begun one must be 2 (kMostRegistrationEvaluations). Any other leaves the guess limit: the
// chip's count, which only grows, says whether it does. NOT_FOUND, FAILED_PRECONDITION.
absl::StatusOr<uint32_t> GrantOf(const std::optional<Record>& record, uint32_t version, uint32_t limit);

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
