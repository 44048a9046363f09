#pragma once

#include <algorithm>
#include <chrono>

namespace labrec::hsm::pkcs11 {

// When to try again: 50 ms after the first failure, then twice as long each time, at most 5 s. Monotonic
// time.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  bool Due(Clock::time_point now) const { return now >= next_; }
  void Failed(Clock::time_point now) {
    next_ = now + pause_;
    pause_ = std::min<Clock::duration>(2 * pause_, std::chrono::seconds(5));
  }
  void Succeeded() { *this = Backoff(); }

 private:
  Clock::time_point next_ = Clock::time_point::min();
  Clock::duration pause_ = std::chrono::milliseconds(50);
};

}  // namespace labrec::hsm::pkcs11
