#include "recovery/store/postgres/link/ticker.h"

#include <utility>

namespace labrec::recovery::postgres {

Ticker::Ticker(std::chrono::milliseconds every, std::function<void()> tick)
    : every_(every), tick_(std::move(tick)), thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Ticker::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, every_, [this] { return ends_; })) {
    lock.unlock();
    tick_();
    lock.lock();
  }
}

}  // namespace labrec::recovery::postgres
