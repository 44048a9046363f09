#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/client/core/account.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client::core {

// A realm that did its part.
inline RealmReport GoodReport(const Account& account, size_t realm) {
  RealmReport report;
  report.realm = account[realm].name;
  report.condition = RealmCondition::kGood;
  return report;
}

// One report per realm: kGood where it answered, else its error.
template <typename T>
std::vector<RealmReport> ReportsOf(const Account& account, const std::vector<absl::StatusOr<T>>& answers) {
  std::vector<RealmReport> reports;
  reports.reserve(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    reports.push_back(GoodReport(account, i));
    if (!answers[i].ok()) reports.back().Failed(answers[i].status());
  }
  return reports;
}

}  // namespace labrec::recovery::client::core
