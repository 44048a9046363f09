#include "recovery/server/watch/traffic.h"

namespace labrec::recovery {

bool Traffic::Enter() {
  const std::lock_guard lock(mutex_);
  ++calls_;
  return !closed_;
}

void Traffic::Leave() {
  const std::lock_guard lock(mutex_);
  if (--calls_ == 0) quiet_.notify_all();
}

void Traffic::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Traffic::WaitUntilQuiet(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return quiet_.wait_for(lock, patience, [this] { return calls_ == 0; });
}

}  // namespace labrec::recovery
