#include "tools/recover/exit_code.h"

#include <algorithm>

#include "recovery/client/report/too_few_realms.h"

namespace labrec::recover {
namespace {

using recovery::client::Destroyed;
using recovery::client::LockedUntil;
using recovery::client::NotRegistered;
using recovery::client::RealmCondition;
using recovery::client::RealmReport;
using recovery::client::UsedUp;
using recovery::client::Verdict;
using recovery::client::WrongPin;

template <typename Outcome>
int OutcomeCode(const Outcome& outcome) {
  if (std::holds_alternative<WrongPin>(outcome)) return kExitWrongPin;
  if (std::holds_alternative<LockedUntil>(outcome)) return kExitLockedOrDestroyed;
  if (std::holds_alternative<UsedUp>(outcome)) return kExitLockedOrDestroyed;
  if (std::holds_alternative<Destroyed>(outcome)) return kExitLockedOrDestroyed;
  if (std::holds_alternative<NotRegistered>(outcome)) return kExitNotRegistered;
  return kExitDone;
}

int VerdictCode(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEnough:
      return kExitDone;
    case Verdict::kLocked:
    case Verdict::kUsedUp:
    case Verdict::kDestroyed:
      return kExitLockedOrDestroyed;
    case Verdict::kTooFewRealms:
      return kExitTooFewRealms;
    case Verdict::kNotRegistered:
      return kExitNotRegistered;
    case Verdict::kRefused:
      break;
  }
  return kExitFailure;
}

}  // namespace

int ExitCodeOfChips(const std::vector<RealmReport>& reports) {
  const bool unexplained = std::ranges::any_of(
      reports, [](const RealmReport& report) { return report.chip && report.chip->unexplained > 0; });
  return unexplained ? kExitUnexplained : kExitDone;
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return kExitDone;
  return recovery::client::IsTooFewRealms(status) ? kExitTooFewRealms : kExitFailure;
}

int ExitCode(const recovery::client::RecoverOutcome& outcome) {
  return OutcomeCode(outcome);
}

int ExitCode(const recovery::client::PinChange& outcome) {
  return OutcomeCode(outcome);
}

int ExitCodeOfAll(const std::vector<RealmReport>& reports) {
  const auto any = [&](RealmCondition condition) { return !RealmsThatAre(reports, condition).empty(); };
  if (any(RealmCondition::kRefused) || any(RealmCondition::kFaulty)) return kExitFailure;
  if (any(RealmCondition::kUnreachable) || any(RealmCondition::kLate)) return kExitTooFewRealms;
  if (any(RealmCondition::kNotRegistered) && !any(RealmCondition::kGood)) return kExitNotRegistered;
  return kExitDone;
}

Verdict VerdictOf(const recovery::client::RecordStatus& status, uint32_t least_realms) {
  std::vector<RealmReport> reports;
  reports.reserve(status.realms.size());
  for (const auto& realm : status.realms) reports.push_back(realm.report);
  if (!status.version) {
    for (RealmReport& report : reports) {
      if (report.condition == RealmCondition::kGood) report.condition = RealmCondition::kOutdated;
    }
  }
  return Judge(reports, status.version ? status.threshold : least_realms);
}

int ExitCode(const recovery::client::RecordStatus& status, uint32_t least_realms) {
  return VerdictCode(VerdictOf(status, least_realms));
}

}  // namespace labrec::recover
