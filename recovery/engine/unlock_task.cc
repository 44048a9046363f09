#include "recovery/engine/unlock_task.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

// Whether all that the private fields are bound to is still the same.
bool IsWhatWasOpened(const RecordVersion& now, const RecordVersion& then) {
  return now.nonce == then.nonce && now.config == then.config && now.unlock_key == then.unlock_key &&
         now.guess_limit == then.guess_limit && now.registered_by == then.registered_by &&
         now.sealed_private == then.sealed_private;
}

}  // namespace

UnlockTask::UnlockTask(Time deadline, RecordName name, const Unlock& request, Opened opened,
                       Done<UnlockOutcome> done)
    : Task(deadline),
      name_(std::move(name)),
      request_(request),
      opened_(std::move(opened)),
      done_(std::move(done)) {}

absl::Status UnlockTask::Apply(WorkingSet& rows, int64_t) {
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name_));
  LABREC_ASSIGN_OR_RETURN(UnlockChange change, InOwnWords(ApplyUnlock(*record, request_)));
  bool may_wait = false;
  if (const auto* destroyed = std::get_if<Destroyed>(&change.outcome)) {
    answer_ = *destroyed;
  } else if (std::holds_alternative<MayOpen>(change.outcome)) {
    const RecordVersion& version = *change.record->Find(request_.version);
    if (!IsWhatWasOpened(version, opened_.version)) {
      return InOwnWords(
          absl::UnavailableError("the version changed while it was opened; nothing was done, try again"));
    }
    may_wait = RefillMayWait(*(*record)->Find(request_.version));
    answer_ = Unlocked{std::move(opened_.secret), change.record->floor, version.left()};
  } else {
    answer_ = NotRegistered{};
  }
  if (!change.record) return absl::OkStatus();
  if (may_wait) {
    rows.PutRefill(*std::move(change.record));
  } else {
    rows.Put(*std::move(change.record));
  }
  return absl::OkStatus();
}

}  // namespace labrec::recovery
