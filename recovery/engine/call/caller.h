#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace labrec::recovery {

// Where a request comes from, and until when its sender waits: requests past that are dropped uncounted.
struct Caller {
  using Time = std::chrono::steady_clock::time_point;

  std::string tenant;
  std::string account;
  bool is_operator = false;
  Time deadline = Time::max();
  // Any thread sets it once the sender waits no more: its connection broke, or it cancelled. null: not known.
  std::shared_ptr<const std::atomic<bool>> gone = nullptr;

  bool IsGone() const { return gone != nullptr && *gone; }
  // Operators, and the realm itself (the default Caller), have no account: what binds accounts does not bind
  // them.
  bool IsRealmsOwn() const { return is_operator || tenant.empty(); }
};

}  // namespace labrec::recovery
