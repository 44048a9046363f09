#include "recovery/engine/commit/pace.h"

namespace labrec::recovery {

// What an anchor among the evaluations takes does not count: the device is busy with it anyway.
void CommitPace::Note(Time start, Time persisted, Time anchored) {
  const Time end = anchor_calls_ == AnchorCalls::kAmongKeys ? persisted : anchored;
  commit_time_.Add(end - start);
  commit_time_mean_ = commit_time_.mean().count();
}

// As long as a commit takes. But where the device's work is done by this host's processors, a commit beside
// it only takes its time from it, and waiting for a larger batch is free: that part of the lead is dropped.
CommitPace::Duration CommitPace::Lead(const DeviceExecutor::Load& load) const {
  const Duration whole(commit_time_mean_);
  if (anchor_calls_ == AnchorCalls::kAmongKeys) return whole;
  return std::chrono::duration_cast<Duration>(whole * load.waiting_share);
}

}  // namespace labrec::recovery
