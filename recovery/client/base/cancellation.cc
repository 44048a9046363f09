#include "recovery/client/base/cancellation.h"

#include <utility>

namespace labrec::recovery::client {

void Cancellation::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const std::function<void()>* end_call : calls_) (*end_call)();
  changed_.notify_all();
}

bool Cancellation::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool Cancellation::WaitFor(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return cancelled_; });
}

Cancellation::Watch::Watch(Cancellation& cancellation, std::function<void()> end_call)
    : cancellation_(cancellation), end_call_(std::move(end_call)) {
  const std::lock_guard lock(cancellation_.mutex_);
  cancellation_.calls_.insert(&end_call_);
  if (cancellation_.cancelled_) end_call_();
}

Cancellation::Watch::~Watch() {
  const std::lock_guard lock(cancellation_.mutex_);
  cancellation_.calls_.erase(&end_call_);
}

}  // namespace labrec::recovery::client
