#include "recovery/engine/guessing.h"

#include <chrono>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/commit/task.h"
#include "recovery/engine/evaluate_task.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/engine/unlock_task.h"

namespace labrec::recovery {

using std::chrono::steady_clock;

namespace {

// Why nothing is unlocked. That is an answer and no refusal: who hears of a destroyed record may act upon it,
// so it comes from the queue as every answer does (docs/ledger.md, "Answers without a batch").
absl::StatusOr<UnlockOutcome> NothingToUnlock(WorkingSet& rows, const RecordName& name) {
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  if (*record && (*record)->destroyed) return UnlockOutcome(Destroyed{});
  if (!*record || !(*record)->HasUsableVersion()) return UnlockOutcome(NotRegistered{});
  return InOwnWords(
      absl::UnavailableError("the record was registered just now; nothing was done, try again"));
}

}  // namespace

void Guessing::Evaluate(Caller caller, std::string record, uint32_t version, P256Point element,
                        Done<EvaluateOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  parts_.admission.Enqueue(
      caller, std::make_shared<EvaluateTask>(caller.deadline, std::move(name), version, element,
                                             EvaluateTask::Services{parts_.realm_id, parts_.policy,
                                                                    parts_.challenges, counted_, parts_.chip},
                                             std::move(done)));
}

void Guessing::BeginUnlock(Caller caller, std::string record, uint32_t version, Done<Challenge> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  done(parts_.challenges.Issue({name.tenant, name.account, name.record, version}, steady_clock::now()));
}

void Guessing::Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
                      Done<UnlockOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<std::optional<Record>> row = ReadRecord(parts_.ledger, name);
  if (!row.ok()) return done(std::move(row).status());
  if (!*row || !(*row)->HasUsableVersion()) {
    const auto read = [name](WorkingSet& rows) { return NothingToUnlock(rows, name); };
    return parts_.admission.Enqueue(
        caller, std::make_shared<ReadTask<UnlockOutcome>>(caller.deadline, read, std::move(done)));
  }
  absl::StatusOr<VerifiedSignature> signer =
      parts_.authorizer.CheckUnlock(**row, version, challenge, signature);
  if (!signer.ok()) return done(std::move(signer).status());
  parts_.admission.Enqueue(caller, std::make_shared<UnlockTask>(caller.deadline, std::move(name),
                                                                recovery::Unlock{version, *std::move(signer)},
                                                                parts_.realm_id, std::move(done)));
}

}  // namespace labrec::recovery
