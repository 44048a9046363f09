#include "recovery/record/rules/floor.h"

#include <string>

#include "hsm/base/status_macros.h"
#include "recovery/record/rules/authority.h"

namespace labrec::recovery {
namespace {

absl::Status CheckRaise(const std::optional<EpochFloor>& present, const EpochFloor& wanted) {
  if (!present || wanted.sequence > present->sequence) return absl::OkStatus();
  if (wanted.sequence < present->sequence) {
    return absl::FailedPreconditionError("the floor stands at " + std::to_string(present->sequence) +
                                         " and is never lowered");
  }
  if (wanted.digest == present->digest) return absl::OkStatus();
  return absl::FailedPreconditionError("the floor of sequence " + std::to_string(present->sequence) +
                                       " has another digest");
}

}  // namespace

absl::StatusOr<Record> ApplyRaiseFloor(const std::optional<Account>& account,
                                       const std::optional<Record>& record, const RaiseFloor& request) {
  const bool enrolled = IsEnrolled(account, ByDevice{request.device, request.signature});
  if (!enrolled || request.floor.device != request.signature.key()) {
    return absl::PermissionDeniedError("raising the floor needs a signature of an enrolled device");
  }
  if (!record || !record->HasUsableVersion()) {
    return absl::NotFoundError("the record is not registered: it has no floor to raise");
  }
  LABREC_RETURN_IF_ERROR(CheckRaise(record->floor, request.floor));
  Record next = *record;
  if (!next.floor || next.floor->sequence < request.floor.sequence) next.floor = request.floor;
  return next;
}

}  // namespace labrec::recovery
