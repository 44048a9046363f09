#pragma once

#include <optional>

#include "recovery/engine/call/answers.h"
#include "recovery/engine/commit/task.h"
#include "recovery/record/guessing.h"

namespace labrec::recovery {

// Refills the guesses; once that is anchored, opens the version's private fields.
class UnlockTask : public Task {
 public:
  UnlockTask(Time deadline, RecordName name, Unlock request, Bytes realm_id, Done<UnlockOutcome> done);

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override;
  void Committed(KeyWork& keys) override;
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const RecordName name_;
  const Unlock request_;
  const Bytes realm_id_;
  const Done<UnlockOutcome> done_;
  OpenOutcome outcome_;
  std::optional<Record> unlocked_;  // as refilled, if it may be opened
};

}  // namespace labrec::recovery
