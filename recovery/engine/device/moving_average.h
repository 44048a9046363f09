#pragma once

#include <chrono>

namespace labrec::recovery {

// How long something takes lately: an exponentially weighted mean in which the latest measurement counts one
// eighth. Zero until the first. Not for several threads at a time.
class MovingAverage {
 public:
  using Duration = std::chrono::steady_clock::duration;

  void Add(Duration measured) {
    mean_ = known_ ? mean_ + (measured - mean_) / 8 : measured;
    known_ = true;
  }
  Duration mean() const { return mean_; }

 private:
  Duration mean_{0};
  bool known_ = false;
};

}  // namespace labrec::recovery
