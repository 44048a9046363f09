#include "recovery/client/steps/record_survey.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

using Response = v1::GetRecordResponse;

void AddOffers(const RealmSet& realms, size_t realm, const Response& response, std::vector<Offer>& offers) {
  const bool usable = response.state() == v1::RECORD_STATE_USABLE;
  if (!usable && response.state() != v1::RECORD_STATE_LOCKED) return;
  for (const v1::RecordVersion& version : response.versions()) {
    const bool active = version.stage() == v1::VERSION_STAGE_ACTIVE;
    Offer& offer = offers.emplace_back();
    offer.realm = realm;
    offer.realm_id = ToBytes(realms[realm].id());
    offer.version = version.version();
    offer.stage = active ? OfferStage::kActive : OfferStage::kPending;
    offer.config = ToBytes(version.config());
    offer.commitment = ToBytes(version.commitment());
    // A realm of before says it of the record.
    const bool says = version.has_remaining();
    offer.remaining = says ? version.remaining() : response.remaining();
    offer.locked_until_ms = says ? version.locked_until_ms() : response.locked_until_ms();
    offer.registered_by = ToBytes(version.registered_by());
  }
}

void Report(const Response& response, RealmReport& report) {
  report.remaining = response.remaining();
  switch (response.state()) {
    case v1::RECORD_STATE_USABLE:
      report.condition = RealmCondition::kGood;
      return;
    case v1::RECORD_STATE_LOCKED:
      report.condition = RealmCondition::kLocked;
      report.locked_until_ms = response.locked_until_ms();
      return;
    case v1::RECORD_STATE_DESTROYED:
      report.condition = RealmCondition::kDestroyed;
      return;
    case v1::RECORD_STATE_NOT_REGISTERED:
      report.condition = RealmCondition::kNotRegistered;
      report.remaining.reset();
      return;
    default:
      report.condition = RealmCondition::kFaulty;
      report.error =
          absl::InternalError(absl::StrCat("realm ", report.realm, " names no state of the record"));
  }
}

// A realm that offers something, but not what the others agree on: behind them, or not honest.
void CompareWithGroup(const ConfigGroup& group, size_t realm, const std::vector<Offer>& offers,
                      RealmReport& report) {
  if (report.condition != RealmCondition::kGood && report.condition != RealmCondition::kLocked) return;
  if (group.Find(realm) != nullptr) return;
  const bool same_version = std::ranges::any_of(
      offers, [&](const Offer& offer) { return offer.realm == realm && offer.version == group.version(); });
  report.condition = same_version ? RealmCondition::kFaulty : RealmCondition::kOutdated;
  report.error = absl::DataLossError(absl::StrCat(
      "realm ", report.realm,
      same_version ? " offers another config or commitment of version " : " does not hold version ",
      group.version(), same_version ? " than the others" : ", on which the others agree"));
}

absl::Status RefusalOf(const RefusedGroup& refused, const std::vector<RealmReport>& reports) {
  const size_t behind = refused.group.members.size();
  return absl::FailedPreconditionError(
      absl::StrCat("realm ", reports[refused.realm].realm, " offers version ", refused.asked_version,
                   " of the record, which takes ", refused.asked_threshold,
                   " realms to recover, but version ", refused.group.version(), " is offered by ", behind,
                   " only: realms may have made it up to test the PIN, and no PIN was sent. If the record "
                   "was sealed so that ",
                   behind, " realms bring it back, say so (--threshold ", behind,
                   "); if not, tell the realms' operators"));
}

}  // namespace

std::vector<Offer> ActiveOnly(std::vector<Offer> offers) {
  std::erase_if(offers, [](const Offer& offer) { return offer.stage != OfferStage::kActive; });
  return offers;
}

void ReportVersion(const ConfigGroup& group, const std::vector<Offer>& offers,
                   std::vector<RealmReport>& reports) {
  for (const Offer& offer : offers) {
    if (offer.version != group.version() || group.Find(offer.realm) == nullptr) continue;
    RealmReport& report = reports[offer.realm];
    report.remaining = offer.remaining;
    report.locked_until_ms = offer.locked_until_ms;
    report.condition = offer.locked_until_ms > 0 ? RealmCondition::kLocked : RealmCondition::kGood;
    if (offer.remaining == 0U) report.condition = RealmCondition::kSpent;
  }
}

Survey TakeSurvey(const RealmSet& realms, const std::string& record, Least least, SurveyUntil until,
                  WhichVersion which) {
  const auto newest = [&](const std::vector<Offer>& offers, const RecordName& name) {
    return NewestGroup(which == WhichVersion::kActive ? ActiveOnly(offers) : offers, name, least);
  };
  const RecordName name{realms.tenant(), realms.account(), record};
  v1::GetRecordRequest request;
  request.set_record(record);
  const auto answers = GatherUntil<Response>(
      realms.size(), realms.options().grace,
      [&](size_t i, Cancellation& cancellation) { return realms[i].Call(request, cancellation); },
      [&](const Answers<Response>& so_far) {
        if (until == SurveyUntil::kAll) return false;
        std::vector<Offer> offers;
        for (size_t i = 0; i < so_far.size(); ++i) {
          if (so_far[i] && so_far[i]->ok()) AddOffers(realms, i, **so_far[i], offers);
        }
        return newest(offers, name).has_value();
      });

  Survey survey;
  std::vector<Offer>& offers = survey.offers;
  survey.guess_limits.resize(answers.size());
  survey.highest_versions.resize(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    RealmReport& report = survey.reports.emplace_back();
    report.realm = realms[i].name();
    if (!answers[i].ok()) {
      report.Failed(answers[i].status());
      continue;
    }
    Report(*answers[i], report);
    AddOffers(realms, i, *answers[i], offers);
    survey.guess_limits[i] = answers[i]->guess_limit();
    survey.highest_versions[i] = answers[i]->highest_version();
  }
  survey.group = newest(offers, name);
  if (const auto refused = FindRefused(offers, name, least);
      refused && (!survey.group || survey.group->version() < refused->group.version())) {
    survey.refused = RefusalOf(*refused, survey.reports);
  }
  for (size_t i = 0; survey.group && i < answers.size(); ++i) {
    CompareWithGroup(*survey.group, i, offers, survey.reports[i]);
  }
  if (survey.group) ReportVersion(*survey.group, offers, survey.reports);
  return survey;
}

}  // namespace labrec::recovery::client
