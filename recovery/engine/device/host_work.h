#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace labrec::recovery {

enum class HostThread { kOwn, kCallers };

// What follows a device's work on the host: multiplications by tweaks, opening of sealed fields, answers to
// clients. A device that bears one thread is what everybody waits for, so its thread does nothing but the
// device's commands, and the rest has a thread of its own. A device of several threads is not kept waiting by
// one of them, and handing over would only cost.
class HostWork {
 public:
  explicit HostWork(HostThread thread);
  // Runs all jobs that wait.
  ~HostWork();
  HostWork(const HostWork&) = delete;
  HostWork& operator=(const HostWork&) = delete;

  // Runs the job: at once, or after those that came before. Any thread.
  void Run(absl::AnyInvocable<void()> job);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<absl::AnyInvocable<void()>> jobs_;
  bool sleeping_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace labrec::recovery
