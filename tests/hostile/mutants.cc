#include <algorithm>
#include <array>
#include <utility>

#include "pin/sharing/commitment.h"
#include "recovery/client/core/call.h"
#include "recovery/client/operations/devices.h"
#include "recovery/client/operations/reports.h"
#include "recovery/client/operations/status.h"
#include "recovery/client/report/tally.h"
#include "recovery/client/steps/guess.h"
#include "recovery/client/steps/newest_group.h"
#include "recovery/client/steps/next_version.h"
#include "recovery/client/steps/record_survey.h"
#include "recovery/client/steps/registration.h"
#include "tests/hostile/mutant_table.h"

namespace labrec::hostile {
namespace {

// Each takes out the mend of one finding.
enum class Broken {
  kNothing,
  kUnprovenServed,    // a realm that did not prove itself is used
  kAnyTlsKey,         // and so is whoever answers on another key than the proven one
  kThresholdUnasked,  // a version is taken though a realm offers one that asks for more realms
  kHighestClaim,      // the highest number that one realm claims leads the versions
  kSecondGuess,       // one realm's NOT_FOUND makes the others count the PIN again
  kSpentAsked,        // a version on which no guess is left is guessed at
  kHoldersAll,        // all realms of the list are said to hold what was sealed
  kOneIsBelieved,     // what one realm says of the record is believed
  kManyVersions,      // a realm that shows more versions than there can be is a good one
  kManyDelays,        // as many delays as a realm likes are said
  kManyDevices,       // and as many devices
};
MutantTable<Broken> mutants{{"unproven-served", Broken::kUnprovenServed},
                            {"any-tls-key", Broken::kAnyTlsKey},
                            {"threshold-unasked", Broken::kThresholdUnasked},
                            {"highest-claim", Broken::kHighestClaim},
                            {"second-guess", Broken::kSecondGuess},
                            {"spent-asked", Broken::kSpentAsked},
                            {"holders-all", Broken::kHoldersAll},
                            {"one-is-believed", Broken::kOneIsBelieved},
                            {"many-versions", Broken::kManyVersions},
                            {"many-delays", Broken::kManyDelays},
                            {"many-devices", Broken::kManyDevices}};

bool Is(Broken which) {
  return mutants.Is(which);
}

}  // namespace

}  // namespace labrec::hostile

namespace labrec::recovery::client {

using hostile::Broken;
using hostile::Is;  // NOLINT
using Offers = std::vector<Offer>;
using Reports = std::vector<RealmReport>;
using Claims = std::vector<std::optional<uint32_t>>;

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's.
LABREC_WRAPPED(
    "_ZN6labrec8recovery6client11NewestGroupERKSt6vectorINS1_5OfferESaIS3_EERKNS0_10RecordNameENS1_5LeastE",
    std::optional<ConfigGroup>, NewestGroup, const Offers& offers, const RecordName& name, Least least);
std::optional<ConfigGroup> WrapNewestGroup(const Offers& offers, const RecordName& name, Least least) {
  if (Is(Broken::kThresholdUnasked)) least.from = LeastFrom::kPerson;
  return RealNewestGroup(offers, name, least);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client6GroupsERKSt6vectorINS1_5OfferESaIS3_EERKNS0_10RecordNameENS1_5LeastE",
    std::vector<ConfigGroup>, Groups, const Offers& offers, const RecordName& name, Least least);
std::vector<ConfigGroup> WrapGroups(const Offers& offers, const RecordName& name, Least least) {
  if (Is(Broken::kThresholdUnasked)) least.from = LeastFrom::kPerson;
  return RealGroups(offers, name, least);
}

LABREC_WRAPPED("_ZN6labrec8recovery6client13ChooseVersionERKSt6vectorISt8optionalIjESaIS4_EEj",
               absl::StatusOr<VersionChoice>, ChooseVersion, const Claims& highest, uint32_t threshold);
absl::StatusOr<VersionChoice> WrapChooseVersion(const Claims& highest, uint32_t threshold) {
  if (!Is(Broken::kHighestClaim)) return RealChooseVersion(highest, threshold);
  VersionChoice choice;
  for (const auto& claim : highest) choice.version = std::max(choice.version, claim.value_or(0));
  ++choice.version;
  return choice;
}

LABREC_WRAPPED("_ZN6labrec8recovery6client5JudgeERKSt6vectorINS1_11RealmReportESaIS3_EEj", Verdict, Judge,
               const Reports& reports, uint32_t threshold);
Verdict WrapJudge(const Reports& reports, uint32_t threshold) {
  Reports shown = reports;
  for (RealmReport& report : shown) {
    if (Is(Broken::kSpentAsked) && report.condition == RealmCondition::kSpent)
      report.condition = RealmCondition::kGood;
  }
  const Verdict verdict = RealJudge(shown, threshold);
  if (!Is(Broken::kOneIsBelieved) || verdict != Verdict::kRefused) return verdict;
  for (const RealmReport& report : shown) {
    if (report.condition == RealmCondition::kDestroyed) return Verdict::kDestroyed;
    if (report.condition == RealmCondition::kNotRegistered) return Verdict::kNotRegistered;
  }
  return verdict;
}

namespace core {

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core10CallMethodERNS2_5ScopeERNS2_7AccountEmRKNS2_6MethodESt6vectorIhSaIhEE",
    Task<Bytes>, CallMethod, Scope& scope, Account& account, size_t realm, const Method& method, Bytes body);
Task<Bytes> WrapCallMethod(Scope& scope, Account& account, size_t realm, const Method& method, Bytes body) {
  if (Is(Broken::kUnprovenServed)) account[realm].unproven = absl::OkStatus();
  if (Is(Broken::kAnyTlsKey)) account[realm].proven_tls_key.reset();
  return RealCallMethod(scope, account, realm, method, std::move(body));
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core9MakeGuessERNS2_5ScopeERNS2_7AccountERKNS1_11ConfigGroupERKNS_11Secret"
    "BytesERSt6vectorINS1_11RealmReportESaISE_EE",
    Task<Guess>, MakeGuess, Scope& scope, Account& account, const ConfigGroup& group, const SecretBytes& pin,
    Reports& reports);
// A coroutine has no name of the linker's.
Task<Guess> OtherGuess(Scope& scope, Account& account, const ConfigGroup& group, const SecretBytes& pin,
                       Reports& reports) {
  for (RealmReport& report : reports) {
    if (Is(Broken::kSpentAsked) && report.condition == RealmCondition::kSpent)
      report.condition = RealmCondition::kGood;
  }
  auto guess = co_await RealMakeGuess(scope, account, group, pin, reports);
  if (guess.ok() && Is(Broken::kSecondGuess)) {
    guess->version_is_gone = std::ranges::any_of(
        reports, [](const RealmReport& report) { return absl::IsNotFound(report.error); });
  }
  co_return guess;
}

Task<Guess> WrapMakeGuess(Scope& scope, Account& account, const ConfigGroup& group, const SecretBytes& pin,
                          Reports& reports) {
  return OtherGuess(scope, account, group, pin, reports);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core10TakeSurveyERNS2_5ScopeERNS2_7AccountENSt7__cxx1112basic_stringIcSt11"
    "char_traitsIcESaIcEEENS1_5LeastENS1_11SurveyUntilENS1_12WhichVersionE",
    Task<Survey>, TakeSurvey, Scope& scope, Account& account, std::string record, Least least,
    SurveyUntil until, WhichVersion which);
Task<Survey> OtherSurvey(Scope& scope, Account& account, std::string record, Least least, SurveyUntil until,
                         WhichVersion which) {
  auto survey = co_await RealTakeSurvey(scope, account, std::move(record), least, until, which);
  for (size_t i = 0; survey.ok() && i < survey->reports.size(); ++i) {
    RealmReport& report = survey->reports[i];
    if (report.condition == RealmCondition::kFaulty &&
        report.error.message().find("two at most") != std::string::npos)
      report = GoodReport(account, i);
  }
  co_return survey;
}

Task<Survey> WrapTakeSurvey(Scope& scope, Account& account, std::string record, Least least,
                            SurveyUntil until, WhichVersion which) {
  if (!Is(Broken::kManyVersions))
    return RealTakeSurvey(scope, account, std::move(record), least, until, which);
  return OtherSurvey(scope, account, std::move(record), least, until, which);
}

LABREC_WRAPPED(
    "_ZN6labrec8recovery6client4core9GetStatusERNS2_5ScopeERNS2_7AccountENSt7__cxx1112basic_stringIcSt11"
    "char_traitsIcESaIcEEENS1_5LeastE",
    Task<RecordStatus>, GetStatus, Scope& scope, Account& account, std::string record, Least least);
Task<RecordStatus> OtherStatus(Scope& scope, Account& account, std::string record, Least least) {
  auto status = co_await RealGetStatus(scope, account, std::move(record), least);
  for (size_t i = 0; status.ok() && i < account.size(); ++i) {
    const auto answer = co_await Call(scope, account, i, wire::GetRealmRequest());
    if (!answer.ok()) continue;
    status->realms[i].guess_delays.emplace(answer->guess_delays_s.begin(), answer->guess_delays_s.end());
  }
  co_return status;
}

Task<RecordStatus> WrapGetStatus(Scope& scope, Account& account, std::string record, Least least) {
  if (!Is(Broken::kManyDelays)) return RealGetStatus(scope, account, std::move(record), least);
  return OtherStatus(scope, account, std::move(record), least);
}

LABREC_WRAPPED("_ZN6labrec8recovery6client4core11ListDevicesERNS2_5ScopeERNS2_7AccountE",
               Task<std::vector<DeviceList>>, ListDevices, Scope& scope, Account& account);
Task<std::vector<DeviceList>> OtherDevices(Scope& scope, Account& account) {
  std::vector<DeviceList> lists;
  for (size_t i = 0; i < account.size(); ++i) {
    DeviceList& list = lists.emplace_back();
    list.report = GoodReport(account, i);
    const auto answer = co_await Call(scope, account, i, wire::ListDevicesRequest());
    if (!answer.ok()) list.report.Failed(answer.status());
    for (size_t at = 0; answer.ok() && at < answer->devices.size(); ++at) {
      auto key = EcdsaPublicKey::FromSpki(answer->devices[at].public_key);
      if (key.ok()) list.devices.push_back({key->DeviceId(), *std::move(key), "", 0, ""});
    }
  }
  co_return lists;
}

Task<std::vector<DeviceList>> WrapListDevices(Scope& scope, Account& account) {
  if (!Is(Broken::kManyDevices)) return RealListDevices(scope, account);
  return OtherDevices(scope, account);
}

LABREC_WRAPPED("_ZNK6labrec8recovery6client4core12Registration7holdersEv", size_t, Holders,
               const Registration* registration);
size_t WrapHolders(const Registration* registration) {
  return Is(Broken::kHoldersAll) ? registration->reports().size() : RealHolders(registration);
}

}  // namespace core
// NOLINTEND(bugprone-reserved-identifier)
}  // namespace labrec::recovery::client
