#include "recovery/client/steps/record_survey.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "recovery/client/core/call.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/report/failure_kind.h"

namespace labrec::recovery::client {
namespace {

using wire::RecordState;
using Response = wire::GetRecordResponse;

// One active and one pending. Each version more that enough realms offer together would be a PIN stretched
// at costs that they choose, for who seals: without end.
constexpr size_t kMostUsableVersions = 2;

void AddOffers(const core::Account& account, size_t realm, const Response& response,
               std::vector<Offer>& offers) {
  if (response.state != RecordState::kUsable && response.state != RecordState::kLocked) return;
  if (response.versions.size() > kMostUsableVersions) return;
  for (const wire::RecordVersion& version : response.versions) {
    const bool active = version.stage == wire::VersionStage::kActive;
    Offer& offer = offers.emplace_back();
    offer.realm = realm;
    offer.realm_id = account[realm].id;
    offer.version = version.version;
    offer.stage = active ? OfferStage::kActive : OfferStage::kPending;
    offer.config = version.config;
    offer.commitment = version.commitment;
    // A realm of before says it of the record.
    const bool says = version.remaining.has_value();
    offer.remaining = says ? version.remaining : response.remaining;
    offer.locked_until_ms = says ? version.locked_until_ms : response.locked_until_ms;
    offer.registered_by = version.registered_by;
  }
}

void ReportRecord(const Response& response, RealmReport& report) {
  report.remaining = response.remaining;
  if (response.versions.size() > kMostUsableVersions) {
    report.condition = RealmCondition::kFaulty;
    report.error =
        absl::DataLossError(absl::StrCat("realm ", report.realm, " shows ", response.versions.size(),
                                         " versions of the record, and a realm holds two at most"));
    return;
  }
  switch (response.state) {
    case RecordState::kUsable:
      report.condition = RealmCondition::kGood;
      return;
    case RecordState::kLocked:
      report.condition = RealmCondition::kLocked;
      report.locked_until_ms = response.locked_until_ms;
      return;
    case RecordState::kDestroyed:
      report.condition = RealmCondition::kDestroyed;
      if (response.discarded) {
        report.error = absl::DataLossError(
            "its operator accepted restored storage in which nobody vouched for this record, and it was "
            "dropped: nobody guessed it away");
      }
      return;
    case RecordState::kNotRegistered:
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
  return Marked(FailureKind::kDisputed,
                absl::FailedPreconditionError(absl::StrCat(
                    "realm ", reports[refused.realm].realm, " offers version ", refused.asked_version,
                    " of the record, which takes ", refused.asked_threshold,
                    " realms to recover, but version ", refused.group.version(), " is offered by ", behind,
                    " only: realms may have made it up to test the PIN, and no PIN was sent. If the record "
                    "was sealed so that ",
                    behind, " realms bring it back, say so (--threshold ", behind,
                    "); if not, tell the realms' operators")));
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

namespace core {

Task<Survey> TakeSurvey(Scope& scope, Account& account, std::string record, Least least, SurveyUntil until,
                        WhichVersion which) {
  const RecordName name{account.tenant(), account.account(), record};
  const auto newest = [&](const std::vector<Offer>& offers) {
    return NewestGroup(which == WhichVersion::kActive ? ActiveOnly(offers) : offers, name, least);
  };
  wire::GetRecordRequest request;
  request.record = record;
  LABREC_CO_ASSIGN_OR_RETURN(const auto answers,
                             co_await GatherUntil<Response>(
                                 scope, account.size(), account.limits().grace_ms,
                                 [&](size_t i, Scope& within) { return Call(within, account, i, request); },
                                 [&](const Answers<Response>& so_far) {
                                   if (until == SurveyUntil::kAll) return false;
                                   std::vector<Offer> offers;
                                   for (size_t i = 0; i < so_far.size(); ++i) {
                                     if (so_far[i] && so_far[i]->ok())
                                       AddOffers(account, i, **so_far[i], offers);
                                   }
                                   return newest(offers).has_value();
                                 }));

  Survey survey;
  std::vector<Offer>& offers = survey.offers;
  survey.guess_limits.resize(answers.size());
  survey.highest_versions.resize(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    RealmReport& report = survey.reports.emplace_back();
    report.realm = account[i].name;
    if (!answers[i].ok()) {
      report.Failed(answers[i].status());
      continue;
    }
    ReportRecord(*answers[i], report);
    AddOffers(account, i, *answers[i], offers);
    survey.guess_limits[i] = answers[i]->guess_limit;
    survey.highest_versions[i] = answers[i]->highest_version;
  }
  survey.group = newest(offers);
  if (const auto refused = FindRefused(offers, name, least);
      refused && (!survey.group || survey.group->version() < refused->group.version())) {
    survey.refused = RefusalOf(*refused, survey.reports);
  }
  for (size_t i = 0; survey.group && i < answers.size(); ++i) {
    CompareWithGroup(*survey.group, i, offers, survey.reports[i]);
  }
  if (survey.group) ReportVersion(*survey.group, offers, survey.reports);
  co_return survey;
}

}  // namespace core
}  // namespace labrec::recovery::client
