#include "recovery/client/report/failure_kind.h"

#include <string>

#include "absl/strings/cord.h"

#include "recovery/client/report/realm_refusal.h"
#include "recovery/client/report/too_few_realms.h"

namespace labrec::recovery::client {
namespace {

constexpr char kFailureKind[] = "labyrinth-recovery/failure-kind";

}  // namespace

absl::Status Marked(FailureKind kind, absl::Status status) {
  status.SetPayload(kFailureKind, absl::Cord(std::string(1, static_cast<char>(kind))));
  return status;
}

FailureKind FailureKindOf(const absl::Status& status) {
  if (const auto mark = status.GetPayload(kFailureKind); mark && mark->size() == 1) {
    return static_cast<FailureKind>((*mark)[0]);
  }
  if (IsTooFewRealms(status)) return FailureKind::kTooFewRealms;
  if (absl::IsCancelled(status)) return FailureKind::kCancelled;
  if (IsRefusedByRealm(status)) {
    return absl::IsUnimplemented(status) ? FailureKind::kUpgradeRequired : FailureKind::kRefused;
  }
  if (absl::IsAborted(status)) return FailureKind::kContended;
  if (absl::IsInvalidArgument(status)) return FailureKind::kInvalid;
  if (absl::IsDataLoss(status)) return FailureKind::kFaulty;
  return FailureKind::kOther;
}

}  // namespace labrec::recovery::client
