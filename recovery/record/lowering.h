#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "recovery/record/record.h"

namespace labrec::recovery {

// The record after its storage may have been rolled back: each usable version has at most `floor` (at least
// 1; aborts else) guesses left. A version with fewer left, or a destroyed record, keeps what it has.
// Everything else stays. Pure.
Record LowerRemaining(Record record, uint32_t floor);

// The same for a row (codec.h) of either kind, in the newest format; rows of accounts stay as they are.
// DATA_LOSS: it is none.
absl::StatusOr<Bytes> LowerRow(ByteView row, uint32_t floor);

}  // namespace labrec::recovery
