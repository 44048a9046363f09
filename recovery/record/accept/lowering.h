#pragma once

#include <cstdint>

#include "recovery/record/record.h"

namespace labrec::recovery {

// The record after its storage may have been rolled back: each usable version has at most `floor` (at least
// 1; aborts else) guesses left. A version with fewer left, or a destroyed record, keeps what it has.
// Everything else stays. Pure.
Record LowerRemaining(Record record, uint32_t floor);

}  // namespace labrec::recovery
