#include "tools/mailbox/floor_rules.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "recovery/client/report/failure_kind.h"
#include "recovery/client/report/too_few_realms.h"
#include "recovery/labyrinth/base/reason.h"

namespace labrec::mailbox {
namespace {

using recovery::client::FloorReading;
using recovery::client::RealmCondition;
using recovery::client::RealmFloor;
using recovery::client::RealmReport;
using recovery::labyrinth::Failure;
using recovery::labyrinth::Floor;
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
    // Another certificate than the list's says nothing of the device.
    const bool reached =
        recovery::client::FailureKindOf(report.error) != recovery::client::FailureKind::kTlsMismatch;
    if (absl::IsPermissionDenied(report.error) && reached) ++count.denied;
  }
  return count;
}

// Whether every T of the record's holders include one of the `good` ones. Fewer than T holders bring nothing
// back, so nothing is to be protected.
bool IsEnough(const Count& count, size_t realms, uint32_t threshold) {
  const size_t holders = realms - count.no_record;
  return holders < threshold || count.good + threshold > holders;
}

}  // namespace

std::vector<std::string> FloorFailures(const std::vector<RealmReport>& reports) {
  std::vector<std::string> lines;
  for (const RealmReport& report : reports) {
    if (report.condition == RealmCondition::kGood || absl::IsNotFound(report.error)) continue;
    lines.push_back(absl::StrCat(report.realm, ": ", report.error.message()));
  }
  return lines;
}

absl::Status TooFewForFloor(const std::vector<RealmReport>& reports, uint32_t threshold) {
  if (reports.size() - CountOf(reports).denied < threshold) {
    return Failure(
        absl::StatusCode::kPermissionDenied, Reason::kLeftOut,
        "the recovery realms do not know this device (any more): it was revoked, or never enrolled (device "
        "enroll does that, by the PIN)");
  }
  std::string text = "too few recovery realms could be asked about the epoch floor";
  for (const std::string& line : FloorFailures(reports)) absl::StrAppend(&text, "; ", line);
  return recovery::client::TooFewRealmsError(text);
}

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
  if (answers < threshold) return TooFewForFloor(reading.reports, threshold);
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
  return TooFewForFloor(reports, threshold);
}

}  // namespace labrec::mailbox
