#include "recovery/engine/device_executor.h"

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

DeviceExecutor::DeviceExecutor(int threads, std::function<void(Duration)> on_progress)
    : on_progress_(std::move(on_progress)), running_(static_cast<size_t>(threads)) {
  for (size_t worker = 0; worker < running_.size(); ++worker) {
    workers_.emplace_back([this, worker] { Work(worker); });
  }
}

DeviceExecutor::~DeviceExecutor() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void DeviceExecutor::Submit(JobKind kind, size_t units, absl::AnyInvocable<void()> job, Place place) {
  {
    const std::lock_guard lock(mutex_);
    waiting_units_[Index(kind)] += units;
    if (place == Place::kFront) {
      jobs_.push_front({kind, units, std::move(job)});
    } else {
      jobs_.push_back({kind, units, std::move(job)});
    }
  }
  work_.notify_one();
}

void DeviceExecutor::Run(JobKind kind, absl::AnyInvocable<void()> job, Place place) {
  auto done = std::make_shared<std::promise<void>>();  // the worker may be in set_value when this returns
  Submit(
      kind, 1,
      [&job, done] {
        job();
        done->set_value();
      },
      place);
  done->get_future().wait();
}

DeviceExecutor::Duration DeviceExecutor::BacklogTime() const {
  const std::lock_guard lock(mutex_);
  return Backlog(std::chrono::steady_clock::now());
}

DeviceExecutor::Duration DeviceExecutor::Backlog(Time now) const {
  Duration total{0};
  for (size_t kind = 0; kind < kJobKinds; ++kind) {
    total += Expected(static_cast<JobKind>(kind), waiting_units_[kind]);
  }
  for (const Running& job : running_) {
    if (job.busy) total += std::max(Duration{0}, Expected(job.kind, job.units) - (now - job.since));
  }
  return total / static_cast<int64_t>(running_.size());
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

void DeviceExecutor::Work(size_t worker) {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    RunOne(worker, lock);
  }
}

void DeviceExecutor::RunOne(size_t worker, std::unique_lock<std::mutex>& lock) {
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  const size_t kind = Index(job.kind);
  waiting_units_[kind] -= job.units;
  const Time start = std::chrono::steady_clock::now();
  running_[worker] = {true, job.kind, job.units, start};
  lock.unlock();
  const Duration processor_time = ProcessorTime();
  job.run();
  job.run = nullptr;
  const Duration used = ProcessorTime() - processor_time;
  lock.lock();
  running_[worker].busy = false;
  const Time end = std::chrono::steady_clock::now();
  per_unit_[kind].Add((end - start) / static_cast<int64_t>(std::max<size_t>(1, job.units)));
  NoteProcessorTime(end - start, used);
  const Duration backlog = Backlog(end);
  lock.unlock();
  on_progress_(backlog);
  lock.lock();
}

}  // namespace labrec::recovery
