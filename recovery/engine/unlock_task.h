#pragma once

#include "recovery/engine/call/answers.h"
#include "recovery/engine/commit/task.h"
#include "recovery/record/rules/guessing.h"

namespace labrec::recovery {

// Counts a success of a version whose private fields were opened before it was queued. What an edited row
// says does not open them, and then nothing is counted. Its refill may wait in memory when it is answered
// (docs/ledger.md, "Refills that ride along").
class UnlockTask : public Task {
 public:
  struct Opened {
    RecordVersion version;  // as its row said then
    SecretBytes secret;
  };
  UnlockTask(Time deadline, RecordName name, const Unlock& request, Opened opened, Done<UnlockOutcome> done);

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override;
  void Committed(KeyWork&) override { done_(std::move(answer_)); }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const RecordName name_;
  const Unlock request_;
  Opened opened_;
  const Done<UnlockOutcome> done_;
  UnlockOutcome answer_;
};

}  // namespace labrec::recovery
