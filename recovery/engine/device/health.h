#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace labrec::recovery {

// Whether a device answers, as its last call showed; says so in the log when that changes. Any thread.
class DeviceHealth {
 public:
  // `role` is "key device" or "anchor device"; `on_away` is called when it stops to answer.
  DeviceHealth(std::string role, std::function<void()> on_away)
      : role_(std::move(role)), on_away_(std::move(on_away)) {}

  // Takes note of how a call on the device ended: UNAVAILABLE means that it is away.
  void Note(const absl::Status& status);
  bool away() const { return away_; }

 private:
  const std::string role_;
  const std::function<void()> on_away_;
  std::atomic<bool> away_ = false;
};

}  // namespace labrec::recovery
