#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "recovery/engine/device/key_work.h"

namespace labrec::recovery {

// The evaluations that a commit allows. They start together, so that they can be grouped; and in two steps,
// so that the device has something to do while storage is written:
//   1. Tweak: tweaks are derived and the elements multiplied by them. Nothing of it leaves the process, and
//      none of it is an evaluation: without k it says nothing about any PIN.
//   2. Release, once the batch is durable and anchored: the evaluations.
// What was not released when the batch ends is dropped. The commit thread.
class EvaluationBatch {
 public:
  explicit EvaluationBatch(KeyWork& keys) : keys_(keys) {}

  // Before Tweak.
  void Add(EvaluationJob job) { jobs_.push_back(std::move(job)); }
  void Tweak() { groups_ = keys_.Tweak(std::move(jobs_)); }
  void Release() {
    for (auto& group : groups_) keys_.Release(std::move(group));
    groups_.clear();
  }

 private:
  KeyWork& keys_;
  std::vector<EvaluationJob> jobs_;
  std::vector<std::shared_ptr<KeyWork::Group>> groups_;
};

}  // namespace labrec::recovery
