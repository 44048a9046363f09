#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>

#include "absl/status/status.h"

#include "recovery/engine/call/limits.h"

namespace labrec::recovery {

// Counts what was let through. Any thread.
class AttestationLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit AttestationLimiter(AttestationLimits limits) : limits_(limits) {}

  // OK and counted, or RESOURCE_EXHAUSTED, with the time to come back as payload "retry-after-ms".
  absl::Status Admit(const std::string& tenant, const std::string& account, Time now);

 private:
  struct Admitted {
    Time at;
    std::string tenant;
    std::string account;
  };

  const AttestationLimits limits_;
  std::mutex mutex_;
  std::deque<Admitted> admitted_;  // over the last minute, oldest first; at most per_minute
};

}  // namespace labrec::recovery
