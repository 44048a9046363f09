#include "recovery/client/steps/try_pin.h"

#include <algorithm>

#include "recovery/client/grpc/messages.h"
#include "recovery/client/steps/guess.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/unlock.h"

namespace labrec::recovery::client {
namespace {

size_t MembersThatAre(const ConfigGroup& group, const std::vector<RealmReport>& reports,
                      RealmCondition condition) {
  return static_cast<size_t>(std::ranges::count_if(group.members, [&](const GroupMember& member) {
    return reports[member.realm].condition == condition;
  }));
}

PinTrial TryAt(const RealmSet& realms, const Survey& survey, const ConfigGroup& group,
               const SecretBytes& pin) {
  std::vector<RealmReport> reports = survey.reports;
  ReportVersion(group, survey.offers, reports);
  const size_t spent = MembersThatAre(group, reports, RealmCondition::kSpent);
  if (group.members.size() - spent < group.threshold()) return {KnownPin::kUsedUp};
  if (MembersThatAre(group, reports, RealmCondition::kGood) < group.threshold()) return {KnownPin::kNotKnown};
  auto guess = MakeGuess(realms, group, pin, reports);
  if (!guess.ok()) return {KnownPin::kNotKnown};
  if (!guess->s) {
    const auto answered = std::ranges::count_if(guess->challenges, [](const auto& each) { return !!each; });
    return {answered < group.threshold() ? KnownPin::kNotKnown : KnownPin::kOther};
  }
  PinTrial trial{KnownPin::kSame};
  trial.group = group;
  trial.authority.emplace(*std::move(guess->s), group.config.name.record, group.version());
  const bool unlocked = UnlockAll(realms, group, *trial.authority, guess->challenges, reports).ok();
  if (!unlocked) trial.known = KnownPin::kNotKnown;
  return trial;
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
    v1::RecordConfig config;
    return config.ParseFromString(ToString(offer.config)) &&
           std::ranges::any_of(config.realms(), [](const auto& realm) { return realm.has_chip(); });
  });
}

}  // namespace

PinTrial TryPin(const RealmSet& realms, const std::string& record, Least least, const SecretBytes& pin) {
  const Survey survey = TakeSurvey(realms, record, least, SurveyUntil::kAll);
  if (survey.offers.empty()) {
    const bool destroyed = !RealmsThatAre(survey.reports, RealmCondition::kDestroyed).empty();
    return {destroyed ? KnownPin::kUsedUp : KnownPin::kNothingThere};
  }
  const std::vector<ConfigGroup> groups =
      Groups(survey.offers, {realms.tenant(), realms.account(), record}, least);
  if (groups.empty()) return {KnownPin::kNotKnown, std::nullopt, ChipsOffered(survey.offers)};
  PinTrial trial{KnownPin::kUsedUp};
  for (const ConfigGroup& group : groups) {
    PinTrial here = TryAt(realms, survey, group, pin);
    trial.known = here.known == KnownPin::kSame ? here.known : Together(trial.known, here.known);
    if (here.known != KnownPin::kSame) continue;
    trial = std::move(here);
    break;
  }
  const auto active = std::ranges::find_if(groups, IsActive);
  trial.before = active == groups.end() ? groups.front() : *active;
  return trial;
}

}  // namespace labrec::recovery::client
