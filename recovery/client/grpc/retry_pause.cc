#include "recovery/client/grpc/retry_pause.h"

#include <algorithm>
#include <random>

namespace labrec::recovery::client {

std::chrono::milliseconds RetryPause(int attempt) {
  constexpr int64_t kFirst = 50;
  constexpr int64_t kLongest = 1'000;
  thread_local std::minstd_rand generator(std::random_device{}());
  const int64_t bound = std::min(kLongest, kFirst << std::clamp(attempt, 0, 10));
  return std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(1, bound)(generator));
}

}  // namespace labrec::recovery::client
