#include <algorithm>
#include <utility>

#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/census.h"
#include "recovery/labyrinth/epoch/check_floors.h"
#include "recovery/labyrinth/mailbox.h"
#include "tests/hostile/mutant_table.h"
#include "tools/mailbox/floor_rules.h"

namespace labrec::hostile {
namespace {

// Each takes out the mend of one finding.
enum class Broken {
  kNothing,
  kCodeBelieved,    // somebody was faster, and the device is not in the list any more: it is revoked
  kUnseenStays,     // whoever passes the checks is in the new epoch, whom the owner saw or not
  kAnyEpoch,        // an epoch that somebody opened meanwhile is the one that was wanted
  kStrangersFloor,  // a floor by any key counts
  kOneRefuses,      // one realm that refuses to raise blocks the others
  kFewSettle,       // a floor that one realm has is not raised at the others
  kFewKeep,         // a floor counts once one realm took it
};
MutantTable<Broken> mutants{{"code-believed", Broken::kCodeBelieved},
                            {"unseen-stays", Broken::kUnseenStays},
                            {"any-epoch", Broken::kAnyEpoch},
                            {"strangers-floor", Broken::kStrangersFloor},
                            {"one-refuses", Broken::kOneRefuses},
                            {"few-settle", Broken::kFewSettle},
                            {"few-keep", Broken::kFewKeep}};

bool Is(Broken which) {
  return mutants.Is(which);
}

}  // namespace

}  // namespace labrec::hostile

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's.
namespace labrec::recovery::labyrinth {

using hostile::Broken;
using hostile::Is;  // NOLINT
using Ids = std::vector<MemberId>;
using Lines = std::vector<OpeningRecord::Line>;

LABREC_WRAPPED(
    "_ZN6labrec8recovery9labyrinth7Mailbox6RevokeESt6vectorISt5arrayIhLm16EESaIS5_EES3_INS1_13OpeningRecord4"
    "LineESaIS9_EE",
    absl::StatusOr<Rotation>, Revoke, Mailbox* mailbox, Ids revoked, Lines seen);
absl::StatusOr<Rotation> WrapRevoke(Mailbox* mailbox, Ids revoked, Lines seen) {
  auto rotation = RealRevoke(mailbox, revoked, seen);
  if (rotation.ok() || !Is(Broken::kCodeBelieved) || !absl::IsAborted(rotation.status())) return rotation;
  const auto members = mailbox->Members();
  if (!members.ok()) return rotation;
  for (const MemberStatus& status : *members) {
    if (status.member.has_value() && std::ranges::find(revoked, status.id) != revoked.end()) return rotation;
  }
  return Rotation{mailbox->state().epoch.sequence(), false, LinesOf(*members), {}};
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery9labyrinth10TakeCensusERKNS1_11AccountNameERKNS1_5EpochERKNS1_13OpeningRecordESt4span"
    "IKNS1_9MemberRowELm18446744073709551615EERKNS1_6ChoiceE",
    Census, TakeCensus, const AccountName& account, const Epoch& epoch, const OpeningRecord& opening,
    std::span<const MemberRow> table, const Choice& choice);
Census WrapTakeCensus(const AccountName& account, const Epoch& epoch, const OpeningRecord& opening,
                      std::span<const MemberRow> table, const Choice& choice) {
  Choice wanted = choice;
  if (Is(Broken::kUnseenStays)) wanted.seen.reset();
  return RealTakeCensus(account, epoch, opening, table, wanted);
}

LABREC_WRAPPED("_ZNK6labrec8recovery9labyrinth6Choice8IsKeptByERKNS1_13OpeningRecordE", bool, IsKeptBy,
               const Choice* choice, const OpeningRecord& record);
bool WrapIsKeptBy(const Choice* choice, const OpeningRecord& record) {
  return Is(Broken::kUnseenStays) || Is(Broken::kAnyEpoch) || RealIsKeptBy(choice, record);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery9labyrinth11CheckFloorsERNS1_12MessageStoreERKNS1_11AccountNameERKNS1_5EpochERKNS1_11"
    "FloorClaimsE",
    absl::StatusOr<std::vector<DoubtedFloor>>, CheckFloors, MessageStore& store, const AccountName& account,
    const Epoch& newest, const FloorClaims& floors);
absl::StatusOr<std::vector<DoubtedFloor>> WrapCheckFloors(MessageStore& store, const AccountName& account,
                                                          const Epoch& newest, const FloorClaims& floors) {
  auto doubted = RealCheckFloors(store, account, newest, floors);
  if (!doubted.ok() || doubted->empty() || !Is(Broken::kStrangersFloor)) return doubted;
  return Damage(Reason::kTruncated, "a floor by any key counts");
}

}  // namespace labrec::recovery::labyrinth

namespace labrec::mailbox {

using hostile::Broken;
using hostile::Is;  // NOLINT
using Reports = std::vector<recovery::client::RealmReport>;

LABREC_WRAPPED("_ZN6labrec7mailbox11CheckRaisedERKSt6vectorINS_8recovery6client11RealmReportESaIS4_EEj",
               absl::Status, CheckRaised, const Reports& reports, uint32_t threshold);
absl::Status WrapCheckRaised(const Reports& reports, uint32_t threshold) {
  for (const auto& report : reports) {
    if (Is(Broken::kOneRefuses) && absl::IsFailedPrecondition(report.error)) return report.error;
  }
  const auto good = RealmsThatAre(reports, recovery::client::RealmCondition::kGood).size();
  if (Is(Broken::kFewKeep) && good > 0) return absl::OkStatus();
  return RealCheckRaised(reports, threshold);
}

LABREC_WRAPPED("_ZN6labrec7mailbox9SettledAtERKNS_8recovery6client12FloorReadingEj",
               std::optional<recovery::labyrinth::Floor>, SettledAt,
               const recovery::client::FloorReading& reading, uint32_t threshold);
std::optional<recovery::labyrinth::Floor> WrapSettledAt(const recovery::client::FloorReading& reading,
                                                        uint32_t threshold) {
  if (Is(Broken::kFewSettle) && !reading.floors.empty()) {
    return recovery::labyrinth::Floor{reading.floors.front().sequence, reading.floors.front().digest};
  }
  return RealSettledAt(reading, threshold);
}

}  // namespace labrec::mailbox
// NOLINTEND(bugprone-reserved-identifier)
