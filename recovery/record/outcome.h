#pragma once

#include <cstdint>

namespace labrec::recovery {

// Outcomes that several requests share: answers, not errors.

// No further guess before `until_ms` (Unix milliseconds of the realm's clock); nothing was counted.
struct LockedUntil {
  int64_t until_ms = 0;
  uint32_t remaining = 0;
  bool operator==(const LockedUntil&) const = default;
};
// The guesses are used up; the record's keys are erased.
struct Destroyed {
  bool just_now = false;  // by this request; the engine says so, the rules leave it
  bool operator==(const Destroyed&) const = default;
};
// There is no such record, or no version of it was ever finished.
struct NotRegistered {
  bool operator==(const NotRegistered&) const = default;
};

}  // namespace labrec::recovery
