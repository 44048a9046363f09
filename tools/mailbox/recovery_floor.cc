#include "tools/mailbox/recovery_floor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/client/base/too_few_realms.h"
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
        "the recovery realms do not know this device (any more): it was revoked, or never enrolled");
  }
  std::string text = "too few recovery realms could be asked about the epoch floor";
  for (const std::string& line : Failures(reports)) absl::StrAppend(&text, "; ", line);
  return recovery::client::TooFewRealmsError(text);
}

Floor FloorOf(const RealmFloor& floor) {
  return {floor.sequence, floor.digest};
}

}  // namespace

absl::StatusOr<MaybeFloor> HighestFloor(const std::vector<RealmFloor>& floors) {
  MaybeFloor highest;
  const RealmFloor* from = nullptr;
  for (const RealmFloor& floor : floors) {
    if (from != nullptr && floor.sequence < from->sequence) continue;
    if (from != nullptr && floor.sequence == from->sequence && floor.digest != from->digest) {
      return recovery::labyrinth::Damage(Reason::kForked,
                                         absl::StrCat("realms ", from->realm, " and ", floor.realm,
                                                      " know different epochs of number ", floor.sequence));
    }
    from = &floor;
    highest = FloorOf(floor);
  }
  return highest;
}

absl::StatusOr<MaybeFloor> JudgeReading(const FloorReading& reading, uint32_t threshold) {
  const Count count = CountOf(reading.reports);
  if (count.good + count.no_record < threshold) return NotEnough(reading.reports, threshold);
  return HighestFloor(reading.floors);
}

absl::Status JudgeRaise(const std::vector<RealmReport>& reports, uint32_t threshold) {
  for (const RealmReport& report : reports) {
    if (absl::IsFailedPrecondition(report.error)) return report.error;
  }
  const Count count = CountOf(reports);
  const size_t holders = reports.size() - count.no_record;
  // Fewer than T holders bring nothing back, so nothing is to be protected.
  if (holders < threshold || count.good + threshold > holders) return absl::OkStatus();
  return NotEnough(reports, threshold);
}

absl::StatusOr<MaybeFloor> RecoveryFloor::ReadFloor() {
  settled_.reset();
  LABREC_ASSIGN_OR_RETURN(const DeviceKey device, DeviceKey::Load(options_.device_key));
  const FloorReading reading = recovery::client::ReadFloor(options_.realms, options_.record, device);
  LABREC_ASSIGN_OR_RETURN(const MaybeFloor highest, JudgeReading(reading, options_.threshold));
  const size_t good = RealmsThatAre(reading.reports, RealmCondition::kGood).size();
  const auto stands = [&](const RealmFloor& floor) { return FloorOf(floor) == highest; };
  if (reading.floors.size() == good && std::ranges::all_of(reading.floors, stands)) settled_ = highest;
  return highest;
}

absl::Status RecoveryFloor::RaiseFloor(const Floor& floor) {
  behind_.clear();
  if (settled_ == floor) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const DeviceKey device, DeviceKey::Load(options_.device_key));
  const auto reports =
      recovery::client::RaiseFloor(options_.realms, options_.record, floor.sequence, floor.digest, device);
  const absl::Status raised = JudgeRaise(reports, options_.threshold);
  if (raised.ok()) {
    behind_ = Failures(reports);
    if (behind_.empty()) settled_ = floor;
    return absl::OkStatus();
  }
  if (!absl::IsFailedPrecondition(raised)) return raised;
  LABREC_ASSIGN_OR_RETURN(const MaybeFloor kept, ReadFloor());
  LABREC_RETURN_IF_ERROR(recovery::labyrinth::CheckRaise(kept, floor));
  return raised;
}

}  // namespace labrec::mailbox
