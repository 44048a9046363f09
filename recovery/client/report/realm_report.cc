#include "recovery/client/report/realm_report.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "recovery/client/report/too_few_realms.h"

namespace labrec::recovery::client {

std::string_view ConditionName(RealmCondition condition) {
  switch (condition) {
    case RealmCondition::kGood:
      return "good";
    case RealmCondition::kPending:
      return "pending";
    case RealmCondition::kFaulty:
      return "faulty";
    case RealmCondition::kOutdated:
      return "outdated";
    case RealmCondition::kLocked:
      return "locked";
    case RealmCondition::kSpent:
      return "spent";
    case RealmCondition::kDestroyed:
      return "destroyed";
    case RealmCondition::kNotRegistered:
      return "not-registered";
    case RealmCondition::kRefused:
      return "refused";
    case RealmCondition::kUnreachable:
      return "unreachable";
    case RealmCondition::kLate:
      return "late";
  }
  std::abort();
}

void RealmReport::Failed(const absl::Status& status) {
  error = status;
  if (absl::IsCancelled(status)) {
    condition = RealmCondition::kLate;
  } else {
    condition = IsUnreachable(status) ? RealmCondition::kUnreachable : RealmCondition::kRefused;
  }
}

uint32_t TriesLeft(const std::vector<RealmReport>& reports, uint32_t threshold) {
  std::vector<uint32_t> remaining;
  for (const RealmReport& report : reports) {
    if (report.remaining) remaining.push_back(*report.remaining);
  }
  if (threshold == 0 || remaining.size() < threshold) return 0;
  std::ranges::sort(remaining, std::greater<>());
  return remaining[threshold - 1];
}

std::vector<size_t> RealmsThatAre(const std::vector<RealmReport>& reports, RealmCondition condition) {
  std::vector<size_t> realms;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].condition == condition) realms.push_back(i);
  }
  return realms;
}

}  // namespace labrec::recovery::client
