#pragma once

#include <vector>

#include "recovery/engine/call/answers.h"
#include "recovery/engine/commit/task.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Begins a version under a fresh nonce; once that is anchored, evaluates the client's elements under its key.
class BeginTask : public Task {
 public:
  BeginTask(Time deadline, RecordName name, uint32_t version, std::vector<P256Point> elements, Bytes realm_id,
            Done<RegistrationBegun> done);

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override;
  void Staged(EvaluationBatch& batch) override;
  void Committed(KeyWork&) override {}  // the evaluation answers
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const RecordName name_;
  const std::vector<P256Point> elements_;
  const Bytes realm_id_;
  const BeginRegistration request_;
  const Done<RegistrationBegun> done_;
  RegistrationId id_{};
};

}  // namespace labrec::recovery
