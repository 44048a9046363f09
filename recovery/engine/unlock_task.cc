#include "recovery/engine/unlock_task.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/record/sealed_private.h"

namespace labrec::recovery {
namespace {

absl::StatusOr<UnlockOutcome> Open(const absl::StatusOr<SecretBytes>& d, const Bytes& realm_id,
                                   const Record& record, uint32_t version) {
  LABREC_RETURN_IF_ERROR(d.status());
  const Bytes& sealed = record.Find(version)->sealed_private;
  LABREC_ASSIGN_OR_RETURN(SecretBytes opened, OpenPrivate(*d, realm_id, record.name, version, sealed));
  return UnlockOutcome(Unlocked{std::move(opened), record.floor, record.remaining()});
}

// The outcomes that need no device.
UnlockOutcome AnswerOf(const OpenOutcome& outcome) {
  if (std::holds_alternative<Destroyed>(outcome)) return Destroyed{};
  return NotRegistered{};
}

}  // namespace

UnlockTask::UnlockTask(Time deadline, RecordName name, Unlock request, Bytes realm_id,
                       Done<UnlockOutcome> done)
    : Task(deadline),
      name_(std::move(name)),
      request_(std::move(request)),
      realm_id_(std::move(realm_id)),
      done_(std::move(done)) {}

absl::Status UnlockTask::Apply(WorkingSet& rows, int64_t) {
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name_));
  LABREC_ASSIGN_OR_RETURN(UnlockChange change, InOwnWords(ApplyUnlock(*record, request_)));
  outcome_ = change.outcome;
  if (!change.record) return absl::OkStatus();
  if (std::holds_alternative<MayOpen>(outcome_)) unlocked_ = *change.record;
  rows.Put(*std::move(change.record));
  return absl::OkStatus();
}

void UnlockTask::Committed(KeyWork& keys) {
  if (!unlocked_) return done_(AnswerOf(outcome_));
  const RecordVersion& version = *unlocked_->Find(request_.version);
  Bytes input = pin::RecordDerivationInput(realm_id_, name_.tenant, name_.account, name_.record,
                                           version.number, version.nonce);
  keys.Derive(std::move(input),
              [realm_id = realm_id_, record = *unlocked_, number = version.number,
               done = done_](absl::StatusOr<SecretBytes> d) { done(Open(d, realm_id, record, number)); });
}

}  // namespace labrec::recovery
