#include "recovery/client/status.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/client/chip/guesses.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"
#include "recovery/client/steps/record_survey.h"

namespace labrec::recovery::client {
namespace {

void Describe(const RealmChannel& realm, const absl::StatusOr<v1::GetRealmResponse>& answer,
              RealmStatus& status) {
  if (!answer.ok()) return;  // the survey reports it
  status.device_kind = answer->device_kind();
  status.device_warning = answer->device_warning();
  status.software_version = answer->software_version();
  status.discontinuities = answer->discontinuities();
  status.no_chip_reason = answer->no_chip_reason();
  status.guess_delays.emplace(answer->guess_delays_s().begin(), answer->guess_delays_s().end());
  if (SameBytes(AsBytes(answer->realm_id()), realm.id())) return;
  status.report.condition = RealmCondition::kFaulty;
  status.report.error = absl::FailedPreconditionError(
      absl::StrCat("at ", realm.address().address, " answers realm ", Hex(AsBytes(answer->realm_id())),
                   ", not ", Hex(realm.id()), ": correct the realm list"));
}

}  // namespace

RecordStatus GetStatus(const RealmSet& realms, const std::string& record, uint32_t least_realms,
                       LeastFrom least_from) {
  const Least least{least_realms > 0 ? least_realms : Majority(realms.size()), least_from};
  const Survey survey = TakeSurvey(realms, record, least, SurveyUntil::kAll);
  const auto answers =
      GatherAll<v1::GetRealmResponse>(realms.size(), [&](size_t i, Cancellation& cancellation) {
        return realms[i].Call(v1::GetRealmRequest(), cancellation);
      });
  RecordStatus status;
  for (size_t i = 0; i < realms.size(); ++i) {
    RealmStatus& realm = status.realms.emplace_back();
    realm.report = survey.reports[i];
    realm.guess_limit = survey.guess_limits[i];
    for (const Offer& offer : survey.offers) {
      if (offer.realm == i) {
        realm.versions.push_back({offer.version, offer.stage, offer.remaining, offer.registered_by});
      }
    }
    Describe(realms[i], answers[i], realm);
  }
  status.refused = survey.refused;
  if (survey.group) {
    status.version = survey.group->version();
    status.threshold = survey.group->threshold();
    status.tries_left = TriesLeft(survey.reports, status.threshold);
    status.holders = static_cast<uint32_t>(survey.group->config.realms.size());
    status.guess_limit = survey.group->config.guess_limit;
    for (const GroupMember& member : survey.group->members) {
      const bool chip = ChipShareOf(survey.group->config, realms[member.realm].id()) != nullptr;
      status.realms[member.realm].counted_by = chip ? Enforcement::kChip : Enforcement::kLedger;
    }
  }
  return status;
}

std::vector<uint32_t> UnactivatedOf(const RecordStatus& status, ByteView device_id) {
  std::set<uint32_t> pending, active;
  for (const RealmStatus& realm : status.realms) {
    for (const VersionStatus& version : realm.versions) {
      if (version.stage == OfferStage::kActive) active.insert(version.version);
      if (SameBytes(version.registered_by, device_id)) pending.insert(version.version);
    }
  }
  std::vector<uint32_t> unactivated;
  std::ranges::set_difference(pending, active, std::back_inserter(unactivated));
  return unactivated;
}

}  // namespace labrec::recovery::client
