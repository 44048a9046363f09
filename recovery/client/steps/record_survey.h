#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "recovery/client/base/config_group.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"
#include "recovery/client/steps/newest_group.h"

namespace labrec::recovery::client {

// What all realms say of a record. It costs nothing.
struct Survey {
  // One per realm: kGood (usable), kLocked, kDestroyed, kNotRegistered, kOutdated and kFaulty (relative to
  // `group`), kRefused, kUnreachable, kLate.
  std::vector<RealmReport> reports;
  std::vector<Offer> offers;               // of all realms; a realm's newest first
  std::vector<uint32_t> guess_limits;      // one per realm
  std::optional<ConfigGroup> group;        // the newest version that enough realms offer
  absl::Status refused;                    // why a newer one than `group` is not used, if FindRefused has one
  std::vector<uint32_t> highest_versions;  // that each realm has seen
};

enum class SurveyUntil {
  kAll,    // wait for every realm
  kGroup,  // wait until there is a group, and the grace time for the others
};
// The reports of a version's realms, by what is left at that version.
void ReportVersion(const ConfigGroup& group, const std::vector<Offer>& offers,
                   std::vector<RealmReport>& reports);
// The offers of versions that are active.
std::vector<Offer> ActiveOnly(std::vector<Offer> offers);

namespace core {

// `least` as in NewestGroup.
Task<Survey> TakeSurvey(Scope& scope, Account& account, std::string record, Least least, SurveyUntil until,
                        WhichVersion which = WhichVersion::kNewest);

}  // namespace core
}  // namespace labrec::recovery::client
