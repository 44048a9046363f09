#pragma once

#include <cstdint>

namespace labrec {

// Wall-clock time, injected so that tests and simulations choose it.
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since the Unix epoch. Any thread. May step backwards when the host's clock is set.
  virtual int64_t NowMillis() const = 0;
};

// The host's CLOCK_REALTIME. One instance, never destroyed.
const Clock& SystemClock();

}  // namespace labrec
