#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::test {

// A TPM whose counter stands still while the gate is closed: whoever comes meanwhile waits in the queue.
class CounterGate {
 public:
  TpmProxy::Judge judge() {
    return [this](const TpmProxy::Command& command) {
      constexpr uint32_t kNvIncrement = 0x134;
      std::unique_lock lock(mutex_);
      if (command.code == kNvIncrement && closed_) {
        ++arrived_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !closed_; });
      }
      return TpmProxy::Fate::kForward;
    };
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }
  bool AwaitArrival() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return arrived_ > 0; });
  }

  // Opens the gate however the test ends: a daemon that waits for its TPM does not stop.
  class OpenAtEnd {
   public:
    explicit OpenAtEnd(CounterGate& gate) : gate_(gate) {}
    ~OpenAtEnd() { gate_.Open(); }

   private:
    CounterGate& gate_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  int arrived_ = 0;
};

}  // namespace labrec::test
