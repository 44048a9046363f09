#include "pin/guess_policy.h"

#include <algorithm>

namespace labrec::pin {
namespace {

// After the `spent`-th consecutive spent guess; spent > 0 and some delay.
std::chrono::milliseconds DelayAfter(uint32_t spent, const GuessPolicy& policy) {
  return policy.delays[std::min<size_t>(spent, policy.delays.size()) - 1];
}

}  // namespace

GuessPolicy DefaultGuessPolicy() {
  using std::chrono::hours;
  using std::chrono::minutes;
  return {{minutes(0), minutes(0), minutes(0), minutes(1), minutes(15), hours(3)}};
}

std::chrono::milliseconds LeastTimeToSpend(uint32_t limit, const GuessPolicy& policy) {
  std::chrono::milliseconds time{0};
  for (uint32_t spent = 1; spent < limit && !policy.delays.empty(); ++spent) {
    time += DelayAfter(spent, policy);
  }
  return time;
}

GuessVerdict Judge(uint32_t limit, uint32_t spent, int64_t last_counted_ms, int64_t now_ms,
                   const GuessPolicy& policy) {
  if (spent >= limit) return Exhausted{};
  if (spent == 0 || policy.delays.empty() || now_ms < last_counted_ms) return Allowed{};
  int64_t until_ms = 0;
  if (__builtin_add_overflow(last_counted_ms, int64_t{DelayAfter(spent, policy).count()}, &until_ms)) {
    until_ms = INT64_MAX;
  }
  if (now_ms >= until_ms) return Allowed{};
  return LockedUntil{until_ms};
}

}  // namespace labrec::pin
