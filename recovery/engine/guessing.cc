#include <utility>

#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/engine_impl.h"
#include "recovery/engine/evaluate_task.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/engine/unlock_task.h"

// Evaluate and Unlock.
namespace labrec::recovery {

using std::chrono::steady_clock;

void EngineImpl::Evaluate(Caller caller, std::string record, uint32_t version, P256Point element,
                          Done<EvaluateOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  Enqueue(caller, std::make_shared<EvaluateTask>(
                      caller.deadline, std::move(name), version, element,
                      EvaluateTask::Services{options_, challenges_, guesses_counted_, *chip_evaluator_},
                      std::move(done)));
}

void EngineImpl::BeginUnlock(Caller caller, std::string record, uint32_t version, Done<Challenge> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  done(challenges_.Issue({name.tenant, name.account, name.record, version}, steady_clock::now()));
}

void EngineImpl::Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
                        Done<UnlockOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<std::optional<Record>> row = ReadRecord(*ledger_, name);
  if (!row.ok()) return done(std::move(row).status());
  if (*row && (*row)->destroyed) return done(UnlockOutcome(Destroyed{}));
  if (!*row || !(*row)->HasUsableVersion()) return done(UnlockOutcome(NotRegistered{}));
  absl::StatusOr<VerifiedSignature> signer = authorizer_->CheckUnlock(**row, version, challenge, signature);
  if (!signer.ok()) return done(std::move(signer).status());
  Enqueue(caller, std::make_shared<UnlockTask>(caller.deadline, std::move(name),
                                               recovery::Unlock{version, *std::move(signer)},
                                               options_.realm_id, std::move(done)));
}

}  // namespace labrec::recovery
