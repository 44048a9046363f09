#include "recovery/client/operations/recover.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/api/record_config.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/report/tally.h"
#include "recovery/client/report/too_few_realms.h"
#include "recovery/client/steps/guess.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/unlock.h"

namespace labrec::recovery::client::core {
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

Task<RecoverOutcome> Unlock(Scope& scope, Account& account, ConfigGroup group, Guess guess,
                            std::vector<RealmReport> reports, const RecoverRequest& request) {
  RecordAuthority authority(*std::move(guess.s), group.config.name.record, group.version());
  LABREC_CO_ASSIGN_OR_RETURN(Opened opened,
                             co_await UnlockAll(scope, account, group, authority, guess.challenges, reports));
  LABREC_CO_RETURN_IF_ERROR(co_await FinishActivation(scope, account, group, authority, reports));
  if (request.refill == ChipRefill::kNow) {
    LABREC_CO_RETURN_IF_ERROR(
        co_await RefillChips(scope, account, group, authority, request.own_tries, reports));
  }
  Recovered recovered{std::move(opened.secret), std::move(group),   std::move(authority),
                      std::move(opened.floors), std::move(reports), request.own_tries};
  co_return RecoverOutcome(std::move(recovered));
}

// The newest active version, where `group` is a pending one in front of it.
std::optional<uint32_t> ActiveBehind(const Survey& survey, Least least) {
  const ConfigGroup& group = *survey.group;
  const auto active = NewestGroup(ActiveOnly(survey.offers), group.config.name, least);
  if (!active || active->version() >= group.version()) return std::nullopt;
  return active->version();
}

// How many realms it takes as far as is known where no version stands: what some realm offers may take fewer
// than `least`. Then the record is not gone while that realm has it, though the caller has to say so.
uint32_t LeastOffered(const std::vector<Offer>& offers, const RecordName& name, uint32_t least) {
  for (const Offer& offer : offers) {
    const auto config = ParseRecordConfig(offer.config, name, offer.version);
    if (config.ok()) least = std::min(least, config->threshold);
  }
  return least;
}

// Another client activated a newer version between survey and guess, and no realm counted one: set `again`.
Task<RecoverOutcome> AttemptRecover(Scope& scope, Account& account, const RecoverRequest& request,
                                    Least least, const SecretBytes& pin, bool& again) {
  LABREC_CO_ASSIGN_OR_RETURN(Survey survey, co_await TakeSurvey(scope, account, request.record, least,
                                                                SurveyUntil::kGroup, request.which));
  std::vector<RealmReport>& reports = survey.reports;
  const RecordName name{account.tenant(), account.account(), request.record};
  if (!survey.group) {
    if (!survey.refused.ok()) co_return survey.refused;
    // Whatever is offered is offered by too few.
    for (const size_t realm : RealmsThatAre(reports, RealmCondition::kGood)) {
      reports[realm].condition = RealmCondition::kOutdated;
    }
    const uint32_t threshold = LeastOffered(survey.offers, name, least.realms);
    const Verdict verdict = Judge(reports, threshold);
    co_return Ended(verdict, std::move(reports), threshold);
  }
  ConfigGroup& group = *survey.group;
  const uint32_t threshold = group.threshold();
  if (const Verdict verdict = Judge(reports, threshold); verdict != Verdict::kEnough) {
    co_return Ended(verdict, std::move(reports), threshold);
  }
  LABREC_CO_ASSIGN_OR_RETURN(Guess guess, co_await MakeGuess(scope, account, group, pin, reports));
  if (guess.s) {
    auto outcome =
        co_await Unlock(scope, account, std::move(group), std::move(guess), std::move(reports), request);
    co_return outcome;
  }
  if (const Verdict verdict = Judge(reports, threshold); verdict != Verdict::kEnough) {
    again = guess.version_is_gone;
    co_return AfterGuess(Ended(verdict, std::move(reports), threshold));
  }
  const uint32_t tries_left = TriesLeft(reports, threshold);
  const std::optional<uint32_t> active = ActiveBehind(survey, least);
  std::vector<size_t> spent = JustSpent(group, reports);
  LABREC_CO_RETURN_IF_ERROR(co_await CloseSpent(scope, account, group, std::move(spent), reports));
  WrongPin wrong{tries_left, std::move(reports), active};
  co_return RecoverOutcome(std::move(wrong));
}

}  // namespace

Task<RecoverOutcome> Recover(Scope& scope, Account& account, RecoverRequest request, const SecretBytes& pin) {
  const RecordName name{account.tenant(), account.account(), request.record};
  LABREC_CO_RETURN_IF_ERROR(CheckName(name));
  if (account.size() == 0) co_return absl::InvalidArgumentError("no realms to recover from");
  Least least;
  least.realms = request.least_realms > 0 ? request.least_realms : Majority(account.size());
  least.from = request.least_from;
  bool again = false;
  auto outcome = co_await AttemptRecover(scope, account, request, least, pin, again);
  if (!again) co_return outcome;
  auto second = co_await AttemptRecover(scope, account, request, least, pin, again);
  co_return second;
}

Task<> RefillChipGuesses(Scope& scope, Account& account, Recovered& recovered) {
  return RefillChips(scope, account, recovered.group, recovered.authority, recovered.own_tries,
                     recovered.reports);
}

}  // namespace labrec::recovery::client::core
