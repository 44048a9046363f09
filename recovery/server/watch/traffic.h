#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "recovery/server/watch/metrics.h"

namespace labrec::recovery {

// The calls under way, so that a stop can wait for exactly those. gRPC's own graceful shutdown waits for
// connections too, and a client that is idle keeps its own open. Threads: any.
class Traffic {
 public:
  explicit Traffic(Metrics& metrics) : metrics_(metrics) {}

  // A call begins. False once Close was called: it is to be refused.
  bool Enter();
  // A call has ended: its answer was written, or its client is gone.
  void Leave();

  void Close();
  // Waits until no call is under way, at most `patience`. Whether none is.
  bool WaitUntilQuiet(std::chrono::milliseconds patience);

  Metrics& metrics() { return metrics_; }

 private:
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable quiet_;
  size_t calls_ = 0;
  bool closed_ = false;
};

}  // namespace labrec::recovery
