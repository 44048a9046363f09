#include "tools/mailbox/recovery_floor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/client/report/too_few_realms.h"
#include "recovery/labyrinth/base/reason.h"

namespace labrec::mailbox {
namespace {

using recovery::client::DeviceKey;
using recovery::client::FloorReading;
using recovery::client::RealmCondition;
using recovery::client::RealmFloor;
using recovery::client::RealmReport;
using recovery::labyrinth::Failure;
using recovery::labyrinth::Floor;
using recovery::labyrinth::FloorClaim;
using recovery::labyrinth::FloorClaims;
using recovery::labyrinth::Reason;

// What the realms' answers come to.
struct Count {
  size_t good = 0;
  size_t no_record = 0;
  size_t denied = 0;  // the device is not enrolled there
};

Count CountOf(const std::vector<RealmReport>& reports) {
  Count count;
  for (const RealmReport& report : reports) {
    if (report.condition == RealmCondition::kGood) ++count.good;
    if (absl::IsNotFound(report.error)) ++count.no_record;
    if (absl::IsPermissionDenied(report.error)) ++count.denied;
  }
  return count;
}

std::vector<std::string> Failures(const std::vector<RealmReport>& reports) {
  std::vector<std::string> lines;
  for (const RealmReport& report : reports) {
    if (report.condition == RealmCondition::kGood || absl::IsNotFound(report.error)) continue;
    lines.push_back(absl::StrCat(report.realm, ": ", report.error.message()));
  }
  return lines;
}

// Why fewer realms than needed did their part.
absl::Status NotEnough(const std::vector<RealmReport>& reports, uint32_t threshold) {
  if (reports.size() - CountOf(reports).denied < threshold) {
    return Failure(
        absl::StatusCode::kPermissionDenied, Reason::kLeftOut,
        "the recovery realms do not know this device (any more): it was revoked, or never enrolled (device "
        "enroll does that, by the PIN)");
  }
  std::string text = "too few recovery realms could be asked about the epoch floor";
  for (const std::string& line : Failures(reports)) absl::StrAppend(&text, "; ", line);
  return recovery::client::TooFewRealmsError(text);
}

// Whether every T of the record's holders include one of the `good` ones. Fewer than T holders bring nothing
// back, so nothing is to be protected.
bool IsEnough(const Count& count, size_t realms, uint32_t threshold) {
  const size_t holders = realms - count.no_record;
  return holders < threshold || count.good + threshold > holders;
}

}  // namespace

FloorClaims ClaimsOf(const std::vector<RealmFloor>& floors, size_t realms, size_t answers,
                     uint32_t threshold) {
  FloorClaims claims{{}, realms, answers, threshold};
  for (const RealmFloor& floor : floors) {
    claims.claims.push_back({floor.realm, {floor.sequence, floor.digest}, floor.device.DeviceId()});
  }
  return claims;
}

absl::StatusOr<FloorClaims> ClaimsOf(const FloorReading& reading, uint32_t threshold) {
  const Count count = CountOf(reading.reports);
  const size_t answers = count.good + count.no_record;
  if (answers < threshold) return NotEnough(reading.reports, threshold);
  return ClaimsOf(reading.floors, reading.reports.size(), answers, threshold);
}

std::optional<Floor> SettledAt(const FloorReading& reading, uint32_t threshold) {
  const Count count = CountOf(reading.reports);
  if (reading.floors.empty() || reading.floors.size() != count.good) return std::nullopt;
  if (!IsEnough(count, reading.reports.size(), threshold)) return std::nullopt;
  const Floor first{reading.floors.front().sequence, reading.floors.front().digest};
  const bool one = std::ranges::all_of(reading.floors, [&](const RealmFloor& floor) {
    return floor.sequence == first.sequence && floor.digest == first.digest;
  });
  return one ? std::optional(first) : std::nullopt;
}

absl::Status CheckRaised(const std::vector<RealmReport>& reports, uint32_t threshold) {
  if (IsEnough(CountOf(reports), reports.size(), threshold)) return absl::OkStatus();
  for (const RealmReport& report : reports) {
    if (absl::IsFailedPrecondition(report.error)) return report.error;
  }
  return NotEnough(reports, threshold);
}

absl::StatusOr<FloorClaims> RecoveryFloor::ReadFloor() {
  settled_.reset();
  LABREC_ASSIGN_OR_RETURN(const DeviceKey device, DeviceKey::Load(options_.device_key));
  const FloorReading reading = recovery::client::ReadFloor(options_.realms, options_.record, device);
  LABREC_ASSIGN_OR_RETURN(FloorClaims claims, ClaimsOf(reading, options_.threshold));
  settled_ = SettledAt(reading, options_.threshold);
  return claims;
}

absl::Status RecoveryFloor::RaiseFloor(const Floor& floor) {
  behind_.clear();
  if (settled_ == floor) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const DeviceKey device, DeviceKey::Load(options_.device_key));
  const auto reports =
      recovery::client::RaiseFloor(options_.realms, options_.record, floor.sequence, floor.digest, device);
  const absl::Status raised = CheckRaised(reports, options_.threshold);
  if (raised.ok()) {
    behind_ = Failures(reports);
    if (behind_.empty()) settled_ = floor;
    return absl::OkStatus();
  }
  if (!absl::IsFailedPrecondition(raised)) return raised;
  LABREC_ASSIGN_OR_RETURN(const FloorClaims kept, ReadFloor());
  for (const FloorClaim& claim : kept.claims) {
    LABREC_RETURN_IF_ERROR(recovery::labyrinth::CheckRaise(claim.floor, floor));
  }
  return NotEnough(reports, options_.threshold);  // none shows why it refused
}

}  // namespace labrec::mailbox
