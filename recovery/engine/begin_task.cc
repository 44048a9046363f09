#include "recovery/engine/begin_task.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/record/rules/registration.h"

namespace labrec::recovery {

BeginTask::BeginTask(Time deadline, Version version, std::vector<P256Point> elements, Bytes realm_id,
                     Done<RegistrationBegun> done)
    : Task(deadline),
      version_(std::move(version)),
      elements_(std::move(elements)),
      realm_id_(std::move(realm_id)),
      done_(std::move(done)) {}

absl::Status BeginTask::Apply(WorkingSet& rows, int64_t) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(version_.name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(version_.name));
  return InOwnWords(MayBegin(*account, *record, version_.number));
}

void BeginTask::Staged(EvaluationBatch& batch) {
  const RecordName& name = version_.name;
  Bytes input = pin::RecordDerivationInput(realm_id_, name.tenant, name.account, name.record, version_.number,
                                           version_.begun.nonce);
  batch.Add({std::move(input), elements_,
             [id = version_.begun.id, done = done_](absl::StatusOr<std::vector<P256Point>> evaluated,
                                                    const SecretBytes&) {
               if (!evaluated.ok()) return done(std::move(evaluated).status());
               done(RegistrationBegun{id, *std::move(evaluated)});
             }});
}

}  // namespace labrec::recovery
