#include "tools/cli/advice.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "absl/strings/str_cat.h"

#include "recovery/client/base/realm_refusal.h"

namespace labrec::cli {
namespace {

using recovery::client::RealmCondition;
using recovery::client::RealmReport;

std::string Names(const std::vector<RealmReport>& reports, RealmCondition condition) {
  std::string names;
  for (const RealmReport& report : reports) {
    if (report.condition == condition) absl::StrAppend(&names, names.empty() ? "" : ", ", report.realm);
  }
  return names;
}

}  // namespace

std::string UtcTime(int64_t unix_ms) {
  const time_t seconds = unix_ms / 1000;
  tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return absl::StrCat(unix_ms, " ms");
  strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

std::string Explain(const recovery::client::WrongPin& outcome) {
  std::string text = "wrong PIN";
  if (outcome.tries_left > 0) {
    absl::StrAppend(&text, "; ", outcome.tries_left, outcome.tries_left == 1 ? " try is" : " tries are",
                    " left, then the record is destroyed for good");
  } else {
    absl::StrAppend(&text, "; it was the last try: the record is destroyed for good");
  }
  const std::string destroyed = Names(outcome.reports, RealmCondition::kDestroyed);
  if (!destroyed.empty()) absl::StrAppend(&text, " (keys erased at: ", destroyed, ")");
  return text;
}

std::string Explain(const recovery::client::LockedUntil& outcome, const std::string& record) {
  return absl::StrCat("record ", record, " is locked after wrong PINs; try again after ",
                      UtcTime(outcome.until_ms));
}

std::string Explain(const recovery::client::Destroyed& outcome, const std::string& record) {
  return absl::StrCat("record ", record, " is destroyed: its tries were used up and its keys erased at ",
                      Names(outcome.reports, RealmCondition::kDestroyed),
                      "; the secret cannot come back from it. Seal again from a device that has the secret");
}

std::string Explain(const recovery::client::NotRegistered&, const std::string& record) {
  return absl::StrCat("record ", record,
                      " is not registered for this account; check --record and the token, or seal first");
}

std::string Explain(const absl::Status& status) {
  std::string text(status.message().data(), status.message().size());
  if (absl::IsPermissionDenied(status) && recovery::client::IsRefusedByRealm(status)) {
    absl::StrAppend(&text, "; if this device is not enrolled yet, run labyrinth-recover enroll first");
  }
  return text;
}

}  // namespace labrec::cli
