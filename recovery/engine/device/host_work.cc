#include "recovery/engine/device/host_work.h"

#include <utility>

namespace labrec::recovery {

HostWork::HostWork(HostThread thread) {
  if (thread == HostThread::kOwn) thread_ = std::thread([this] { Work(); });
}

HostWork::~HostWork() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HostWork::Run(absl::AnyInvocable<void()> job) {
  if (!thread_.joinable()) return job();
  bool sleeping = false;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    sleeping = std::exchange(sleeping_, false);
  }
  if (sleeping) changed_.notify_one();
}

void HostWork::Work() {
  std::deque<absl::AnyInvocable<void()>> taken;
  std::unique_lock lock(mutex_);
  while (true) {
    sleeping_ = jobs_.empty();
    changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    taken.swap(jobs_);
    lock.unlock();
    for (auto& job : taken) {
      job();
      job = nullptr;
    }
    taken.clear();
    lock.lock();
  }
}

}  // namespace labrec::recovery
