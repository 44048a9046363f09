#include "recovery/engine/device/executor.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include <time.h>

namespace labrec::recovery {
namespace {

size_t Index(JobKind kind) {
  return static_cast<size_t>(kind);
}

// That the calling thread has used since it began.
DeviceExecutor::Duration ProcessorTime() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

DeviceExecutor::DeviceExecutor(int threads, std::function<void(const Load&)> on_progress)
    : on_progress_(std::move(on_progress)), running_(static_cast<size_t>(threads)) {
  for (size_t i = 0; i < running_.size(); ++i) workers_.emplace_back([this] { Work(); });
}

void DeviceExecutor::Finish() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void DeviceExecutor::Submit(JobKind kind, size_t units, absl::AnyInvocable<void()> job, Turn turn) {
  {
    const std::lock_guard lock(mutex_);
    waiting_units_[Index(kind)] += units;
    if (turn == Turn::kNext) {
      jobs_.push_front({kind, units, std::move(job)});
    } else {
      jobs_.push_back({kind, units, std::move(job)});
    }
  }
  work_.notify_one();
}

void DeviceExecutor::Run(JobKind kind, absl::AnyInvocable<void()> job, Turn turn) {
  {
    std::unique_lock lock(mutex_);
    Running* const free = jobs_.empty() ? FindFree() : nullptr;
    if (free != nullptr) return RunAs(*free, {kind, 1, std::move(job)}, lock);
  }
  auto done = std::make_shared<std::promise<void>>();  // the worker may be in set_value when this returns
  Submit(
      kind, 1,
      [&job, done] {
        job();
        done->set_value();
      },
      turn);
  done->get_future().wait();
}

DeviceExecutor::Duration DeviceExecutor::oldest_call() const {
  const std::lock_guard lock(mutex_);
  const Time now = std::chrono::steady_clock::now();
  Duration oldest{0};
  for (const Running& job : running_) {
    if (job.busy) oldest = std::max(oldest, now - job.since);
  }
  return oldest;
}

DeviceExecutor::Duration DeviceExecutor::idle() const {
  const std::lock_guard lock(mutex_);
  const bool busy = !jobs_.empty() || std::ranges::any_of(running_, &Running::busy);
  return busy ? Duration{0} : std::chrono::steady_clock::now() - ended_;
}

DeviceExecutor::Load DeviceExecutor::load() const {
  const std::lock_guard lock(mutex_);
  return LoadAt(std::chrono::steady_clock::now());
}

DeviceExecutor::Load DeviceExecutor::LoadAt(Time now) const {
  Duration total{0};
  for (size_t kind = 0; kind < kJobKinds; ++kind) {
    total += Expected(static_cast<JobKind>(kind), waiting_units_[kind]);
  }
  for (const Running& job : running_) {
    if (job.busy) total += std::max(Duration{0}, Expected(job.kind, job.units) - (now - job.since));
  }
  return {total / static_cast<int64_t>(running_.size()), waiting_share_};
}

DeviceExecutor::Duration DeviceExecutor::Expected(JobKind kind, size_t units) const {
  return per_unit_[Index(kind)].mean() * static_cast<int64_t>(units);
}

void DeviceExecutor::NoteProcessorTime(Duration whole, Duration used) {
  job_time_.Add(whole);
  processor_time_.Add(used);
  const auto all = static_cast<double>(std::max<Duration::rep>(1, job_time_.mean().count()));
  waiting_share_ = std::clamp(1 - static_cast<double>(processor_time_.mean().count()) / all, 0.0, 1.0);
}

DeviceExecutor::Running* DeviceExecutor::FindFree() {
  const auto free = std::ranges::find(running_, false, &Running::busy);
  return free == running_.end() ? nullptr : &*free;
}

bool DeviceExecutor::HasWaiting() const {
  const std::lock_guard lock(mutex_);
  return !jobs_.empty();
}

void DeviceExecutor::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    Running* free = nullptr;
    work_.wait(lock, [&] {
      free = FindFree();
      return jobs_.empty() ? closing_ : free != nullptr;
    });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    waiting_units_[Index(job.kind)] -= job.units;
    RunAs(*free, std::move(job), lock);
  }
}

void DeviceExecutor::RunAs(Running& call, Job job, std::unique_lock<std::mutex>& lock) {
  const Time start = std::chrono::steady_clock::now();
  call = {true, job.kind, job.units, start};
  lock.unlock();
  const Duration processor_time = ProcessorTime();
  job.run();
  job.run = nullptr;
  const Duration used = ProcessorTime() - processor_time;
  lock.lock();
  call.busy = false;
  const Time end = std::chrono::steady_clock::now();
  ended_ = end;
  const auto units = static_cast<int64_t>(std::max<size_t>(1, job.units));
  per_unit_[Index(job.kind)].Add((end - start) / units);
  NoteProcessorTime(end - start, used);
  const Load load = LoadAt(end);
  const bool more = !jobs_.empty();
  lock.unlock();
  if (more) work_.notify_one();  // its worker found the device busy with somebody who waits for it
  on_progress_(load);
  lock.lock();
}

}  // namespace labrec::recovery
