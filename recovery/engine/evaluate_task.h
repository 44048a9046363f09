#pragma once

#include <array>
#include <atomic>

#include "pin/guess_policy.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/chip/evaluator.h"
#include "recovery/engine/commit/task.h"
#include "recovery/record/rules/guessing.h"

namespace labrec::recovery {

// Counts a guess; once that is anchored, evaluates its element and issues a challenge for Unlock.
class EvaluateTask : public Task {
 public:
  // What it needs of the engine; outlives it.
  struct Services {
    const Bytes& realm_id;
    const pin::GuessPolicy& policy;
    ChallengeTable& challenges;
    std::atomic<uint64_t>& guesses_counted;
    ChipEvaluator& chip;
  };
  EvaluateTask(Time deadline, RecordName name, uint32_t version, const P256Point& element, Services services,
               Done<EvaluateOutcome> done);

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override;
  void Staged(EvaluationBatch& batch) override;
  void Committed(KeyWork& keys) override;
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const RecordName name_;
  const CountGuess request_;
  const P256Point element_;
  const Services services_;
  const Done<EvaluateOutcome> done_;
  GuessOutcome outcome_;
  void AskChip() const;

  std::array<uint8_t, 32> nonce_{};  // of the version, if the element may be evaluated
  bool in_chip_ = false;             // the version's own key in the chip evaluates it
};

}  // namespace labrec::recovery
