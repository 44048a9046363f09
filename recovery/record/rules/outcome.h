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
// The version's guesses are used up and its keys are erased; the record has another usable version.
struct Erased {
  bool operator==(const Erased&) const = default;
};
// The guesses of the last usable version are used up; the record's keys are erased.
struct Destroyed {
  bool just_now = false;   // by this request; the engine says so, the rules leave it
  bool discarded = false;  // not by guesses: Record::discarded
  bool operator==(const Destroyed&) const = default;
};
// There is no such record, or no version of it was ever finished.
struct NotRegistered {
  bool operator==(const NotRegistered&) const = default;
};

}  // namespace labrec::recovery
