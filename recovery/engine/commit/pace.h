#pragma once

#include <atomic>
#include <chrono>

#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/moving_average.h"

namespace labrec::recovery {

// Whether the anchor is called beside the evaluations, or waits for the device as they do.
enum class AnchorCalls { kBesideKeys, kAmongKeys };

// When the next commit begins: so early before the device runs out of work that the device has the next batch
// when it is done with the last. docs/architecture.md, "When the next commit starts". Any thread, but for
// Note.
class CommitPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;
  explicit CommitPace(AnchorCalls anchor_calls) : anchor_calls_(anchor_calls) {}

  // A batch was written and anchored. The commit thread.
  void Note(Time start, Time persisted, Time anchored);

  // For how long the next batch should still collect requests; not positive: it is due.
  Duration HoldBack(const DeviceExecutor::Load& load) const { return load.backlog - Lead(load); }

 private:
  Duration Lead(const DeviceExecutor::Load& load) const;

  const AnchorCalls anchor_calls_;
  MovingAverage commit_time_;                        // the commit thread's
  std::atomic<Duration::rep> commit_time_mean_ = 0;  // of it, for all
};

}  // namespace labrec::recovery
