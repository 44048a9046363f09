#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "recovery/engine/device/moving_average.h"

namespace labrec::recovery {

// What a job asks of the device. Each kind's duration is measured by itself.
enum class JobKind { kEvaluation, kDerivation, kAnchor, kChip, kAttestation };
inline constexpr size_t kJobKinds = 5;

// When a job has its turn: before all that wait, or after them.
enum class Turn { kNext, kLast };

// The calls of a security device: no more at a time than it bears. They have as many threads; who waits for
// the end of a job, while nothing else is to be done, runs it on its own thread instead, which saves two
// wake-ups. Jobs run first in, first out, but for those that are put in front. Any thread may call.
class DeviceExecutor {
 public:
  using Duration = std::chrono::steady_clock::duration;
  struct Load {
    // How long the device will be busy with what it has, by what such jobs took lately.
    Duration backlog{0};
    // The share of the jobs' time in which their threads waited, as for a device that computes by itself: 0
    // where this host's processors did all the work, by what jobs took lately; 1 until the first.
    double waiting_share = 1;
  };

  // `on_progress` is called from a worker, without locks, whenever a job ended.
  DeviceExecutor(int threads, std::function<void(const Load&)> on_progress);
  ~DeviceExecutor() { Finish(); }
  DeviceExecutor(const DeviceExecutor&) = delete;
  DeviceExecutor& operator=(const DeviceExecutor&) = delete;

  // `units` is how many evaluations or derivations the job makes.
  void Submit(JobKind kind, size_t units, absl::AnyInvocable<void()> job, Turn turn = Turn::kLast);
  // The same, and returns when it has ended. Not from within a job.
  void Run(JobKind kind, absl::AnyInvocable<void()> job, Turn turn);

  // Runs all jobs that wait, and those that they submit, then ends the threads. No job may be submitted by
  // others meanwhile, or later.
  void Finish();

  // How long the job takes that began first of those that run; 0 where none does.
  Duration oldest_call() const;
  // How long nothing has run or waited; 0 while something does.
  Duration idle() const;
  Load load() const;
  // Whether jobs wait for the device.
  bool HasWaiting() const;
  int threads() const { return static_cast<int>(running_.size()); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Job {
    JobKind kind;
    size_t units;
    absl::AnyInvocable<void()> run;
  };
  struct Running {
    bool busy = false;
    JobKind kind = JobKind::kEvaluation;
    size_t units = 0;
    Time since;
  };

  void Work();
  // A call that the device bears beside those under way; null if there is none. With the lock.
  Running* FindFree();
  // Runs the job as `call`, without the lock meanwhile.
  void RunAs(Running& call, Job job, std::unique_lock<std::mutex>& lock);
  Duration Expected(JobKind kind, size_t units) const;
  Load LoadAt(Time now) const;                            // with the lock
  void NoteProcessorTime(Duration whole, Duration used);  // with the lock

  const std::function<void(const Load&)> on_progress_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Job> jobs_;
  std::array<size_t, kJobKinds> waiting_units_{};
  std::array<MovingAverage, kJobKinds> per_unit_;
  std::vector<Running> running_;
  Time ended_ = std::chrono::steady_clock::now();  // the latest job
  MovingAverage job_time_;
  MovingAverage processor_time_;  // of it
  double waiting_share_ = 1;
  bool closing_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace labrec::recovery
