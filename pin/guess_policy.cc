#include "pin/guess_policy.h"

#include <algorithm>

namespace labrec::pin {

GuessVerdict Judge(uint32_t limit, uint32_t spent, int64_t last_counted_ms, int64_t now_ms,
                   const GuessPolicy& policy) {
  if (spent >= limit) return Exhausted{};
  if (spent == 0 || policy.delays.empty() || now_ms < last_counted_ms) return Allowed{};
  const size_t entry = std::min<size_t>(spent, policy.delays.size()) - 1;
  int64_t until_ms = 0;
  if (__builtin_add_overflow(last_counted_ms, int64_t{policy.delays[entry].count()}, &until_ms)) {
    until_ms = INT64_MAX;
  }
  if (now_ms >= until_ms) return Allowed{};
  return LockedUntil{until_ms};
}

}  // namespace labrec::pin
