#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace labrec::test {

// Asks until it is so, and not longer than `patience`. For what another process has to have done and says
// only to whoever asks; what happens in this process has an event.
inline bool Eventually(const std::function<bool()>& condition,
                       std::chrono::seconds patience = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace labrec::test
