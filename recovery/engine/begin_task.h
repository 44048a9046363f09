#pragma once

#include <vector>

#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/call/registration_keys.h"
#include "recovery/engine/commit/task.h"

namespace labrec::recovery {

// Begins a version that the ledger is to count: evaluates the client's elements under the key of its nonce.
// Nothing is written, as nobody signed.
class BeginTask : public Task {
 public:
  struct Version {
    RecordName name;
    uint32_t number = 0;
    RegistrationKeys::Begun begun;
  };
  BeginTask(Time deadline, Version version, std::vector<P256Point> elements, Bytes realm_id,
            Done<RegistrationBegun> done);

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override;
  void Staged(EvaluationBatch& batch) override;
  void Committed(KeyWork&) override {}  // the evaluation answers
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const Version version_;
  const std::vector<P256Point> elements_;
  const Bytes realm_id_;
  const Done<RegistrationBegun> done_;
};

}  // namespace labrec::recovery
