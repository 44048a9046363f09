#include "tools/mailbox/recovery_floor.h"

#include "hsm/base/status_macros.h"
#include "tools/mailbox/floor_rules.h"

namespace labrec::mailbox {
namespace {

using recovery::client::DeviceKey;
using recovery::client::FloorReading;
using recovery::client::RealmReport;
using recovery::labyrinth::Floor;
using recovery::labyrinth::FloorClaim;
using recovery::labyrinth::FloorClaims;

}  // namespace

absl::StatusOr<FloorReading> RecoveryFloor::Read() {
  LABREC_ASSIGN_OR_RETURN(const DeviceKey device, DeviceKey::Load(options_.device_key));
  return recovery::client::ReadFloor(options_.realms, options_.record, device);
}

absl::StatusOr<std::vector<RealmReport>> RecoveryFloor::Raise(const Floor& floor) {
  LABREC_ASSIGN_OR_RETURN(const DeviceKey device, DeviceKey::Load(options_.device_key));
  return recovery::client::RaiseFloor(options_.realms, options_.record, floor.sequence, floor.digest, device);
}

absl::StatusOr<FloorClaims> RecoveryFloor::ReadFloor() {
  settled_.reset();
  LABREC_ASSIGN_OR_RETURN(const FloorReading reading, Read());
  LABREC_ASSIGN_OR_RETURN(FloorClaims claims, ClaimsOf(reading, options_.threshold));
  settled_ = SettledAt(reading, options_.threshold);
  return claims;
}

absl::Status RecoveryFloor::RaiseFloor(const Floor& floor) {
  behind_.clear();
  if (settled_ == floor) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::vector<RealmReport> reports, Raise(floor));
  const absl::Status raised = CheckRaised(reports, options_.threshold);
  if (raised.ok()) {
    behind_ = FloorFailures(reports);
    if (behind_.empty()) settled_ = floor;
    return absl::OkStatus();
  }
  if (!absl::IsFailedPrecondition(raised)) return raised;
  LABREC_ASSIGN_OR_RETURN(const FloorClaims kept, ReadFloor());
  for (const FloorClaim& claim : kept.claims) {
    LABREC_RETURN_IF_ERROR(recovery::labyrinth::CheckRaise(claim.floor, floor));
  }
  return TooFewForFloor(reports, options_.threshold);  // none shows why it refused
}

}  // namespace labrec::mailbox
