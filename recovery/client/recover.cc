#include "recovery/client/recover.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/client/base/tally.h"
#include "recovery/client/base/too_few_realms.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/steps/guess.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/unlock.h"

namespace labrec::recovery::client {
namespace {

// Members of the group that this guess was the last one at, and that still have their keys.
std::vector<size_t> JustSpent(const ConfigGroup& group, const std::vector<RealmReport>& reports) {
  std::vector<size_t> spent;
  for (const GroupMember& member : group.members) {
    const RealmReport& report = reports[member.realm];
    const bool alive =
        report.condition == RealmCondition::kGood || report.condition == RealmCondition::kFaulty;
    if (alive && report.remaining == 0U) spent.push_back(member.realm);
  }
  return spent;
}

// The outcome of a verdict that ends the attempt.
absl::StatusOr<RecoverOutcome> Ended(Verdict verdict, std::vector<RealmReport> reports, uint32_t threshold) {
  switch (verdict) {
    case Verdict::kLocked: {
      const int64_t until_ms = EnoughAt(reports, threshold);
      return LockedUntil{until_ms, std::move(reports)};
    }
    case Verdict::kUsedUp:
      return UsedUp{std::move(reports)};
    case Verdict::kDestroyed:
      return Destroyed{std::move(reports)};
    case Verdict::kNotRegistered:
      return NotRegistered{std::move(reports)};
    default:
      return VerdictError(verdict, reports, threshold);
  }
}

// Says that realms which did answer have counted the guess.
absl::StatusOr<RecoverOutcome> AfterGuess(absl::StatusOr<RecoverOutcome> outcome) {
  if (outcome.ok()) return outcome;
  constexpr char kCounted[] = "; realms that did answer may have counted a try";
  if (IsTooFewRealms(outcome.status())) {
    return TooFewRealmsError(absl::StrCat(outcome.status().message(), kCounted));
  }
  absl::Status status(outcome.status().code(), absl::StrCat(outcome.status().message(), kCounted));
  outcome.status().ForEachPayload(
      [&](auto url, const absl::Cord& payload) { status.SetPayload(url, payload); });
  return status;
}

absl::StatusOr<RecoverOutcome> Unlock(const RealmSet& realms, ConfigGroup group, Guess guess,
                                      std::vector<RealmReport> reports, ChipRefill refill) {
  RecordAuthority authority(*std::move(guess.s), group.config.name.record, group.version());
  LABREC_ASSIGN_OR_RETURN(Opened opened, UnlockAll(realms, group, authority, guess.challenges, reports));
  FinishActivation(realms, group, authority, reports);
  if (refill == ChipRefill::kNow) RefillChips(realms, group, authority, reports);
  return Recovered{std::move(opened.secret), std::move(group), std::move(authority), std::move(opened.floors),
                   std::move(reports)};
}

// The newest active version, where `group` is a pending one in front of it.
std::optional<uint32_t> ActiveBehind(const Survey& survey, Least least) {
  const ConfigGroup& group = *survey.group;
  const auto active = NewestGroup(ActiveOnly(survey.offers), group.config.name, least);
  if (!active || active->version() >= group.version()) return std::nullopt;
  return active->version();
}

struct Attempted {
  absl::StatusOr<RecoverOutcome> outcome;
  // Another client activated a newer version between survey and guess, and no realm counted one.
  bool again = false;
};

Attempted Attempt(const RealmSet& realms, const RecoverRequest& request, Least least,
                  const SecretBytes& pin) {
  Survey survey = TakeSurvey(realms, request.record, least, SurveyUntil::kGroup, request.which);
  std::vector<RealmReport>& reports = survey.reports;
  if (!survey.group) {
    if (!survey.refused.ok()) return {survey.refused};
    // Whatever is offered is offered by too few.
    for (const size_t realm : RealmsThatAre(reports, RealmCondition::kGood)) {
      reports[realm].condition = RealmCondition::kOutdated;
    }
    const Verdict verdict = Judge(reports, least.realms);
    return {Ended(verdict, std::move(reports), least.realms)};
  }
  ConfigGroup& group = *survey.group;
  const uint32_t threshold = group.threshold();
  if (const Verdict verdict = Judge(reports, threshold); verdict != Verdict::kEnough) {
    return {Ended(verdict, std::move(reports), threshold)};
  }
  absl::StatusOr<Guess> guess = MakeGuess(realms, group, pin, reports);
  if (!guess.ok()) return {guess.status()};
  if (guess->s)
    return {Unlock(realms, std::move(group), *std::move(guess), std::move(reports), request.refill)};
  if (const Verdict verdict = Judge(reports, threshold); verdict != Verdict::kEnough) {
    return {AfterGuess(Ended(verdict, std::move(reports), threshold)), guess->version_is_gone};
  }
  const uint32_t tries_left = TriesLeft(reports, threshold);
  const std::optional<uint32_t> active = ActiveBehind(survey, least);
  CloseSpent(realms, group, JustSpent(group, reports), reports);
  return {WrongPin{tries_left, std::move(reports), active}};
}

}  // namespace

absl::StatusOr<RecoverOutcome> Recover(const RealmSet& realms, const RecoverRequest& request,
                                       const SecretBytes& pin) {
  LABREC_RETURN_IF_ERROR(CheckName({realms.tenant(), realms.account(), request.record}));
  if (realms.size() == 0) return absl::InvalidArgumentError("no realms to recover from");
  const Least least{request.least_realms > 0 ? request.least_realms : Majority(realms.size()),
                    request.least_from};
  Attempted attempted = Attempt(realms, request, least, pin);
  if (attempted.again) attempted = Attempt(realms, request, least, pin);
  return std::move(attempted.outcome);
}

void RefillChipGuesses(const RealmSet& realms, Recovered& recovered) {
  RefillChips(realms, recovered.group, recovered.authority, recovered.reports);
}

}  // namespace labrec::recovery::client
