#include "recovery/engine/evaluate_task.h"

#include <chrono>
#include <utility>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

// The outcomes that need no device.
EvaluateOutcome AnswerOf(const GuessOutcome& outcome, bool changed) {
  if (const auto* locked = std::get_if<LockedUntil>(&outcome)) return *locked;
  if (const auto* destroyed = std::get_if<Destroyed>(&outcome))
    return Destroyed{changed, destroyed->discarded};
  return NotRegistered{};
}

// The version's guesses are used up, and the record has another version.
absl::Status Spent(uint32_t version) {
  return InOwnWords(absl::NotFoundError("version " + std::to_string(version) +
                                        " of the record is spent: ask GetRecord which one is usable"));
}

}  // namespace

EvaluateTask::EvaluateTask(Time deadline, RecordName name, uint32_t version, const P256Point& element,
                           Services services, Done<EvaluateOutcome> done)
    : Task(deadline),
      name_(std::move(name)),
      request_{version, Sha256(element.Compressed())},
      element_(element),
      services_(services),
      done_(std::move(done)) {}

absl::Status EvaluateTask::Apply(WorkingSet& rows, int64_t now_ms) {
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name_));
  LABREC_ASSIGN_OR_RETURN(GuessChange change,
                          InOwnWords(ApplyGuess(*record, request_, now_ms, services_.policy)));
  outcome_ = change.outcome;
  if (std::holds_alternative<MayEvaluate>(outcome_)) {
    const RecordVersion& version = *change.record->Find(request_.version);
    nonce_ = version.nonce;
    in_chip_ = version.chip.has_value();
  }
  if (change.record) rows.Put(*std::move(change.record));
  return absl::OkStatus();
}

void EvaluateTask::Committed(KeyWork&) {
  if (std::holds_alternative<Erased>(outcome_)) return done_(Spent(request_.version));
  const auto* may = std::get_if<MayEvaluate>(&outcome_);
  if (may == nullptr) return done_(AnswerOf(outcome_, changed()));
  if (may->counting == Counting::kCounted) ++services_.guesses_counted;
  if (in_chip_) AskChip();
}

void EvaluateTask::Staged(EvaluationBatch& batch) {
  const auto* may = std::get_if<MayEvaluate>(&outcome_);
  if (may == nullptr || in_chip_) return;
  Bytes input = pin::RecordDerivationInput(services_.realm_id, name_.tenant, name_.account, name_.record,
                                           request_.version, nonce_);
  batch.Add({std::move(input),
             {element_},
             [name = name_, version = request_.version, remaining = may->remaining,
              key = services_.challenges.Expect(Sha256(nonce_)), &challenges = services_.challenges,
              done = done_](absl::StatusOr<std::vector<P256Point>> points, const SecretBytes& seal_key) {
               if (!points.ok()) return done(std::move(points).status());
               const Challenge challenge = challenges.Issue({name.tenant, name.account, name.record, version},
                                                            std::chrono::steady_clock::now(), key, seal_key);
               done(EvaluateOutcome(Evaluated{*std::move(points), remaining, challenge}));
             }});
}

void EvaluateTask::AskChip() const {
  services_.chip.Evaluate(name_, request_.version, element_,
                          [name = name_, version = request_.version, &challenges = services_.challenges,
                           done = done_](absl::StatusOr<ChipEvaluator::Outcome> answer) {
                            if (!answer.ok()) return done(std::move(answer).status());
                            if (const auto* refused = std::get_if<ChipEvaluator::Refused>(&*answer)) {
                              if (refused->destroyed) return done(EvaluateOutcome(Destroyed{true}));
                              return done(Spent(version));
                            }
                            const auto& answered = std::get<ChipEvaluator::Answered>(*answer);
                            const Challenge challenge =
                                challenges.Issue({name.tenant, name.account, name.record, version},
                                                 std::chrono::steady_clock::now());
                            done(EvaluateOutcome(Evaluated{{answered.point}, answered.remaining, challenge}));
                          });
}

}  // namespace labrec::recovery
