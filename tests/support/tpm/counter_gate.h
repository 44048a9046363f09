#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::test {

// Waits, at most twenty seconds, until it is so.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// A TPM whose counter stands still while the gate is closed: whoever comes meanwhile waits in the queue.
class CounterGate {
 public:
  TpmProxy::Judge judge() {
    return [this](const TpmProxy::Command& command) {
      constexpr uint32_t kNvIncrement = 0x134;
      if (command.code == kNvIncrement && closed_) {
        ++arrived_;
        closed_.wait(true);
      }
      return TpmProxy::Fate::kForward;
    };
  }
  void Close() { closed_ = true; }
  void Open() {
    closed_ = false;
    closed_.notify_all();
  }
  bool AwaitArrival() {
    return Eventually([this] { return arrived_ > 0; });
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
  std::atomic<bool> closed_ = false;
  std::atomic<int> arrived_ = 0;
};

}  // namespace labrec::test
