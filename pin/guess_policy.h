#pragma once

#include <chrono>
#include <cstdint>
#include <variant>
#include <vector>

namespace labrec::pin {

// How a realm slows down guesses inside the budget.
struct GuessPolicy {
  // delays[n-1] is how long the next guess has to wait after the n-th consecutive spent one. Beyond the list
  // its last entry holds. Empty: no delays. None negative.
  std::vector<std::chrono::milliseconds> delays;
};

struct Allowed {
  bool operator==(const Allowed&) const = default;
};
struct LockedUntil {
  int64_t until_ms;  // Unix milliseconds, later than the `now_ms` that was asked for
  bool operator==(const LockedUntil&) const = default;
};
struct Exhausted {
  bool operator==(const Exhausted&) const = default;
};
using GuessVerdict = std::variant<Allowed, LockedUntil, Exhausted>;

// What a realm does unless its operator says otherwise: three wrong PINs are free, as people mistype; after
// the fourth the next one waits a minute, then a quarter of an hour, then three hours each time. A thief with
// a token needs hours to destroy a record, in which its owner can be told.
GuessPolicy DefaultGuessPolicy();

// How long it takes at least to spend all guesses of a limit under these delays.
std::chrono::milliseconds LeastTimeToSpend(uint32_t limit, const GuessPolicy& policy);

// Whether one more guess may be counted. `limit` is the record's budget; `spent` are the guesses counted
// since the last success; `last_counted_ms` is when the latest of them was counted (ignored while spent is
// 0). Times are Unix milliseconds of the realm's clock. Pure.
//
// Exhausted comes before any delay. The delays trust the clock, the budget does not. A clock that stands
// before `last_counted_ms` was set back: the time since then is unknown, and the delay is taken as over.
// Otherwise a clock corrected by a year would lock everybody out for a year, and whoever can set the clock
// back could as well set it forward.
GuessVerdict Judge(uint32_t limit, uint32_t spent, int64_t last_counted_ms, int64_t now_ms,
                   const GuessPolicy& policy);

}  // namespace labrec::pin
