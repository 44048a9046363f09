#include "recovery/engine/begin_task.h"

#include <utility>

#include "hsm/base/random_array.h"
#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/record/registration.h"

namespace labrec::recovery {

BeginTask::BeginTask(Time deadline, RecordName name, uint32_t version, std::vector<P256Point> elements,
                     Bytes realm_id, Done<RegistrationBegun> done)
    : Task(deadline),
      name_(std::move(name)),
      elements_(std::move(elements)),
      realm_id_(std::move(realm_id)),
      request_{version, RandomArray<32>(), static_cast<uint32_t>(elements_.size())},
      done_(std::move(done)) {}

absl::Status BeginTask::Apply(WorkingSet& rows, int64_t) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name_));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name_));
  LABREC_ASSIGN_OR_RETURN(BegunRows next, InOwnWords(ApplyBegin(*account, *record, name_, request_)));
  id_ = next.record.Find(request_.version)->registration_id();
  rows.Put(std::move(next.account));
  rows.Put(std::move(next.record));
  return absl::OkStatus();
}

void BeginTask::Staged(EvaluationBatch& batch) {
  Bytes input = pin::RecordDerivationInput(realm_id_, name_.tenant, name_.account, name_.record,
                                           request_.version, request_.nonce);
  batch.Add({std::move(input), elements_,
             [id = id_, done = done_](absl::StatusOr<std::vector<P256Point>> evaluated) {
               if (!evaluated.ok()) return done(std::move(evaluated).status());
               done(RegistrationBegun{id, *std::move(evaluated)});
             }});
}

}  // namespace labrec::recovery
