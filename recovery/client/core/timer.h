#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace labrec::recovery::client::core {

class Flow;

// Something that happens when a time has come. Disarmed when it goes. Several of one time fire in the order
// in which they were armed.
class Timer {
 public:
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 protected:
  explicit Timer(Flow& flow) : flow_(flow) {}
  virtual ~Timer() { Disarm(); }
  void Arm(int64_t at_ms);
  void Disarm();
  Flow& flow() const { return flow_; }

 private:
  friend class Flow;
  // Must not resume or destroy anything; it may queue.
  virtual void Fire() = 0;

  Flow& flow_;
  std::optional<std::pair<int64_t, uint64_t>> armed_;
};

}  // namespace labrec::recovery::client::core
