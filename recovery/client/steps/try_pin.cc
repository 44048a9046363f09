#include "recovery/client/steps/try_pin.h"

#include <algorithm>

#include "recovery/api/wire/config_message.h"
#include "recovery/client/steps/guess.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/unlock.h"

namespace labrec::recovery::client::core {
namespace {

size_t MembersThatAre(const ConfigGroup& group, const std::vector<RealmReport>& reports,
                      RealmCondition condition) {
  return static_cast<size_t>(std::ranges::count_if(group.members, [&](const GroupMember& member) {
    return reports[member.realm].condition == condition;
  }));
}

PinTrial Trial(KnownPin known) {
  PinTrial trial;
  trial.known = known;
  return trial;
}

Task<PinTrial> TryAt(Scope& scope, Account& account, const Survey& survey, const ConfigGroup& group,
                     const SecretBytes& pin) {
  std::vector<RealmReport> reports = survey.reports;
  ReportVersion(group, survey.offers, reports);
  const size_t spent = MembersThatAre(group, reports, RealmCondition::kSpent);
  if (group.members.size() - spent < group.threshold()) co_return Trial(KnownPin::kUsedUp);
  if (MembersThatAre(group, reports, RealmCondition::kGood) < group.threshold()) {
    co_return Trial(KnownPin::kNotKnown);
  }
  auto guess = co_await MakeGuess(scope, account, group, pin, reports);
  if (!guess.ok()) co_return Trial(KnownPin::kNotKnown);
  if (!guess->s) {
    const auto answered = std::ranges::count_if(guess->challenges, [](const auto& each) { return !!each; });
    co_return Trial(answered < group.threshold() ? KnownPin::kNotKnown : KnownPin::kOther);
  }
  PinTrial trial = Trial(KnownPin::kSame);
  trial.group = group;
  trial.authority.emplace(*std::move(guess->s), group.config.name.record, group.version());
  const auto opened = co_await UnlockAll(scope, account, group, *trial.authority, guess->challenges, reports);
  if (!opened.ok()) trial.known = KnownPin::kNotKnown;
  trial.reports = std::move(reports);
  co_return trial;
}

// What the trials at the usable versions come to: what is not known of one is not known of all.
KnownPin Together(KnownPin before, KnownPin here) {
  if (before == KnownPin::kNotKnown || here == KnownPin::kNotKnown) return KnownPin::kNotKnown;
  return before == KnownPin::kOther ? before : here;
}

bool IsActive(const ConfigGroup& group) {
  return std::ranges::any_of(group.members,
                             [](const GroupMember& member) { return member.stage == OfferStage::kActive; });
}

bool ChipsOffered(const std::vector<Offer>& offers) {
  return std::ranges::any_of(offers, [](const Offer& offer) {
    const auto config = wire::Decode<wire::RecordConfig>(offer.config);
    return config && std::ranges::any_of(config->realms, [](const auto& realm) { return !!realm.chip; });
  });
}

}  // namespace

Task<PinTrial> TryPin(Scope& scope, Account& account, std::string record, Least least,
                      const SecretBytes& pin) {
  LABREC_CO_ASSIGN_OR_RETURN(const Survey survey,
                             co_await TakeSurvey(scope, account, record, least, SurveyUntil::kAll));
  if (survey.offers.empty()) {
    const bool destroyed = !RealmsThatAre(survey.reports, RealmCondition::kDestroyed).empty();
    co_return Trial(destroyed ? KnownPin::kUsedUp : KnownPin::kNothingThere);
  }
  const RecordName name{account.tenant(), account.account(), record};
  const std::vector<ConfigGroup> groups = Groups(survey.offers, name, least);
  if (groups.empty()) {
    PinTrial trial = Trial(KnownPin::kNotKnown);
    trial.chips_offered = ChipsOffered(survey.offers);
    co_return trial;
  }
  PinTrial trial = Trial(KnownPin::kUsedUp);
  for (const ConfigGroup& group : groups) {
    LABREC_CO_ASSIGN_OR_RETURN(PinTrial here, co_await TryAt(scope, account, survey, group, pin));
    trial.known = here.known == KnownPin::kSame ? here.known : Together(trial.known, here.known);
    if (here.known != KnownPin::kSame) continue;
    trial = std::move(here);
    break;
  }
  const auto active = std::ranges::find_if(groups, IsActive);
  trial.before = active == groups.end() ? groups.front() : *active;
  co_return trial;
}

}  // namespace labrec::recovery::client::core
