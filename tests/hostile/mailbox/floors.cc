#include "tests/hostile/mailbox/floors.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"

namespace labrec::hostile {

using recovery::client::FloorReading;
using recovery::client::RealmCondition;
using recovery::client::RealmReport;

namespace {

RealmReport ReportOf(size_t realm, const absl::Status& status) {
  RealmReport report;
  report.realm = absl::StrCat("r", realm);
  report.condition = RealmCondition::kGood;
  if (!status.ok()) report.Failed(status);
  return report;
}

absl::Status OneRefusal(sim::Dice& dice) {
  return absl::Status(static_cast<absl::StatusCode>(dice.Between(1, 16)), "a lie");
}

}  // namespace

size_t FloorRealms::HonestAt(uint64_t sequence) const {
  size_t count = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!IsLiar(i) && kept[i] && kept[i]->floor.sequence >= sequence) ++count;
  }
  return count;
}

FloorRealms::Answer FloorRealms::Honest(size_t realm, const EcdsaPublicKey& by) const {
  if (std::ranges::find(revoked, by) != revoked.end())
    return {absl::PermissionDeniedError("not enrolled"), {}};
  return {absl::OkStatus(), kept[realm]};
}

// By a key that nobody let in, or that was let in once.
FloorRealms::Kept FloorRealms::Forged(sim::Dice& dice) const {
  constexpr uint64_t kSequences[] = {0, 1, 2, uint64_t{1} << 40, UINT64_MAX};
  Bytes wide(48);
  dice.Fill(wide);
  const EcdsaPublicKey stranger =
      EcdsaPublicKey::FromPoint(P256Point::Generator().Times(P256Scalar::ReduceToNonZero(wide)));
  const bool once = !revoked.empty() && dice.Chance(500);
  return {{kSequences[dice.Below(std::size(kSequences))], Sha256("forged")},
          once ? revoked[dice.Below(revoked.size())] : stranger};
}

FloorRealms::Answer FloorRealms::Lie(size_t realm, const std::string& name, sim::Dice& dice,
                                     const EcdsaPublicKey& by) {
  switch (dice.Below(4)) {
    case 0: {
      const absl::Status status = OneRefusal(dice);
      lies_.Tell(name, absl::StatusCodeToString(status.code()));
      return {status, {}};
    }
    case 1:
      lies_.Tell(name, "no floor");
      return {absl::OkStatus(), {}};
    case 2: {
      if (earlier_[realm].empty()) return Honest(realm, by);
      lies_.Tell(name, "an earlier floor");
      return {absl::OkStatus(), earlier_[realm][dice.Below(earlier_[realm].size())]};
    }
    default: {
      const Kept forged = Forged(dice);
      lies_.Tell(name, absl::StrCat("a floor of its own, ", forged.floor.sequence));
      return {absl::OkStatus(), forged};
    }
  }
}

FloorRealms::Answer FloorRealms::ReadAt(size_t realm, const EcdsaPublicKey& by) {
  const std::string name = lies_.NameOf(absl::StrCat("GetFloor of r", realm));
  if (IsAway(realm)) return {absl::UnavailableError("away"), {}};
  if (!lying_.contains(realm) || lies_.unsaid.contains(name)) return Honest(realm, by);
  sim::Dice dice = DiceFor(lies_.seed, name);
  return Lie(realm, name, dice, by);
}

FloorReading FloorRealms::Read(const EcdsaPublicKey& by) {
  FloorReading reading;
  for (size_t i = 0; i < kept.size(); ++i) {
    const Answer answer = ReadAt(i, by);
    reading.reports.push_back(ReportOf(i, answer.status));
    if (answer.status.ok() && answer.kept) {
      reading.floors.push_back({reading.reports.back().realm, answer.kept->floor.sequence,
                                answer.kept->floor.digest, answer.kept->device});
    }
  }
  std::ranges::stable_sort(reading.floors, std::greater<>(), &recovery::client::RealmFloor::sequence);
  return reading;
}

absl::Status FloorRealms::RaiseAt(size_t realm, const Floor& floor, const EcdsaPublicKey& by) {
  const std::string name = lies_.NameOf(absl::StrCat("RaiseFloor of r", realm));
  if (IsAway(realm) || gone_for_raises_.contains(realm)) return absl::UnavailableError("away");
  if (lying_.contains(realm) && !lies_.unsaid.contains(name)) {
    sim::Dice dice = DiceFor(lies_.seed, name);
    const absl::Status status = dice.Chance(400) ? absl::OkStatus()
                                : dice.Chance(500)
                                    ? absl::FailedPreconditionError("a lie: the floor is higher")
                                    : OneRefusal(dice);
    lies_.Tell(name, absl::StrCat(absl::StatusCodeToString(status.code()), ", and it is not done"));
    return status;
  }
  if (const Answer known = Honest(realm, by); !known.status.ok()) return known.status;
  const auto& now = kept[realm];
  const absl::Status status =
      recovery::labyrinth::CheckRaise(now ? std::optional(now->floor) : std::nullopt, floor);
  if (!status.ok()) return absl::FailedPreconditionError(status.message());
  if (now) earlier_[realm].push_back(*now);
  kept[realm] = Kept{floor, by};
  return absl::OkStatus();
}

std::vector<RealmReport> FloorRealms::Raise(const Floor& floor, const EcdsaPublicKey& by) {
  std::vector<RealmReport> reports;
  for (size_t i = 0; i < kept.size(); ++i) reports.push_back(ReportOf(i, RaiseAt(i, floor, by)));
  return reports;
}

}  // namespace labrec::hostile
