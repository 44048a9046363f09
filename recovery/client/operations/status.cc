#include "recovery/client/operations/status.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/report/failure_kind.h"
#include "recovery/client/steps/record_survey.h"

namespace labrec::recovery::client::core {
namespace {

void Describe(const Realm& realm, const absl::StatusOr<wire::GetRealmResponse>& answer, RealmStatus& status) {
  if (!answer.ok()) return;  // the survey reports it
  status.device_kind = answer->device_kind;
  status.device_warning = answer->device_warning;
  status.software_version = answer->software_version;
  status.discontinuities = answer->discontinuities;
  status.no_chip_reason = answer->no_chip_reason;
  // No record takes more wrong PINs than that: what stands behind is never waited for.
  const size_t delays = std::min<size_t>(answer->guess_delays_s.size(), kMostGuesses);
  status.guess_delays.emplace(answer->guess_delays_s.begin(),
                              answer->guess_delays_s.begin() + static_cast<ptrdiff_t>(delays));
  if (SameBytes(answer->realm_id, realm.id)) return;
  status.report.condition = RealmCondition::kFaulty;
  status.report.error =
      Marked(FailureKind::kAnotherRealm, absl::FailedPreconditionError(absl::StrCat(
                                             "at ", realm.address, " answers realm ", Hex(answer->realm_id),
                                             ", not ", Hex(realm.id), ": correct the realm list")));
}

}  // namespace

Task<RecordStatus> GetStatus(Scope& scope, Account& account, std::string record, Least least) {
  LABREC_CO_ASSIGN_OR_RETURN(const Survey survey,
                             co_await TakeSurvey(scope, account, record, least, SurveyUntil::kAll));
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::GetRealmResponse>(scope, account.size(), [&](size_t i, Scope& within) {
        return Call(within, account, i, wire::GetRealmRequest());
      }));
  RecordStatus status;
  for (size_t i = 0; i < account.size(); ++i) {
    RealmStatus& realm = status.realms.emplace_back();
    realm.report = survey.reports[i];
    realm.guess_limit = survey.guess_limits[i];
    for (const Offer& offer : survey.offers) {
      if (offer.realm == i) {
        realm.versions.push_back({offer.version, offer.stage, offer.remaining, offer.registered_by});
      }
    }
    Describe(account[i], answers[i], realm);
  }
  status.refused = survey.refused;
  if (survey.group) {
    status.version = survey.group->version();
    status.threshold = survey.group->threshold();
    status.tries_left = TriesLeft(survey.reports, status.threshold);
    status.holders = static_cast<uint32_t>(survey.group->config.realms.size());
    status.guess_limit = survey.group->config.guess_limit;
    for (const GroupMember& member : survey.group->members) {
      const bool chip = ChipShareOf(survey.group->config, account[member.realm].id) != nullptr;
      status.realms[member.realm].counted_by = chip ? Enforcement::kChip : Enforcement::kLedger;
    }
  }
  co_return status;
}

}  // namespace labrec::recovery::client::core
