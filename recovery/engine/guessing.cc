#include "recovery/engine/guessing.h"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/commit/task.h"
#include "recovery/engine/evaluate_task.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/engine/unlock_task.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/record/codec/sealed_private.h"

namespace labrec::recovery {

using std::chrono::steady_clock;

// An Unlock whose private fields are to be opened.
struct Guessing::Opening {
  RecordName name;
  recovery::Unlock request;
  RecordVersion version;
  RequestQueue::Place place;
  Task::Time deadline;
  Done<UnlockOutcome> done;
};

namespace {

// Why nothing is unlocked. That is an answer and no refusal: who hears of a destroyed record may act upon it,
// so it comes from the queue as every answer does (docs/ledger.md, "Answers without a batch").
absl::StatusOr<UnlockOutcome> NothingToUnlock(WorkingSet& rows, const RecordName& name) {
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  if (*record && (*record)->destroyed) return UnlockOutcome(Destroyed{false, (*record)->discarded});
  if (!*record || !(*record)->HasUsableVersion()) return UnlockOutcome(NotRegistered{});
  return InOwnWords(
      absl::UnavailableError("the record was registered just now; nothing was done, try again"));
}

absl::Status NotSealedForThis(const RecordName& name) {
  const absl::Status damaged = absl::DataLossError("row " + Hex(RecordRowKey(name)) +
                                                   ": the private fields of a version were not sealed for "
                                                   "what the row says of it. It was edited before an "
                                                   "operator accepted it; the unlock counts for nothing");
  spdlog::error("a request is refused: {}", std::string(damaged.message()));
  return damaged;
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

// The private fields are opened first, by the seal key that the evaluation left for this challenge, or else
// by one that the device derives: they are bound to what the row says of the version, so that a key that
// somebody wrote into a row, which was believed, makes no success.
void Guessing::Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
                      Done<UnlockOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  const absl::StatusOr<std::optional<Record>> row = ReadRecord(parts_.ledger, name);
  if (!row.ok()) return done(row.status());
  if (!*row || !(*row)->HasUsableVersion()) {
    const auto read = [name](WorkingSet& rows) { return NothingToUnlock(rows, name); };
    return parts_.admission.Enqueue(
        caller, std::make_shared<ReadTask<UnlockOutcome>>(caller.deadline, read, std::move(done)));
  }
  absl::StatusOr<Authorizer::UnlockSigner> signer =
      parts_.authorizer.CheckUnlock(**row, version, challenge, signature);
  if (!signer.ok()) return done(std::move(signer).status());
  absl::StatusOr<RequestQueue::Place> place = parts_.admission.Admit(caller);
  if (!place.ok()) return done(std::move(place).status());
  auto pending = std::make_shared<Opening>(Opening{std::move(name),
                                                   {version, std::move(signer->signature)},
                                                   *(*row)->Find(version),
                                                   *std::move(place),
                                                   caller.deadline,
                                                   std::move(done)});
  if (!signer->seal_key.empty()) return Open(*pending, signer->seal_key);
  parts_.keys.Derive(pin::RecordDerivationInput(parts_.realm_id, pending->name.tenant, pending->name.account,
                                                pending->name.record, version, pending->version.nonce),
                     [this, pending](absl::StatusOr<SecretBytes> d) {
                       if (!d.ok()) return pending->done(std::move(d).status());
                       const SecretBytes seal_key = pin::SealKey(*d);
                       d->Clear();
                       Open(*pending, seal_key);
                     });
}

void Guessing::Open(Opening& opening, const SecretBytes& seal_key) {
  absl::StatusOr<SecretBytes> secret = OpenPrivate(seal_key, parts_.realm_id, opening.name, opening.version);
  if (!secret.ok()) return opening.done(NotSealedForThis(opening.name));
  parts_.admission.Enqueue(
      std::move(opening.place),
      std::make_shared<UnlockTask>(opening.deadline, opening.name, opening.request,
                                   UnlockTask::Opened{opening.version, *std::move(secret)}, opening.done));
}

}  // namespace labrec::recovery
