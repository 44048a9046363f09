#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "absl/status/status.h"

namespace labrec::recovery {

// How often attestation may take the device's time, over any minute. Zero: never.
struct AttestationLimits {
  uint32_t per_minute = 20;
  uint32_t per_minute_and_account = 5;
};

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
