#include "tools/recover/record_heading.h"

#include "absl/strings/str_cat.h"

#include "tools/cli/advice.h"
#include "tools/recover/exit_code.h"
#include "tools/recover/guess_words.h"

namespace labrec::recover {
namespace {

using recovery::client::RealmReport;
using recovery::client::RecordStatus;
using recovery::client::Verdict;

std::string WithoutVersion(const RecordStatus& status, uint32_t least_realms, const std::string& record) {
  std::vector<RealmReport> reports;
  for (const auto& realm : status.realms) reports.push_back(realm.report);
  switch (VerdictOf(status, least_realms)) {
    case Verdict::kDestroyed:
      return cli::Explain(recovery::client::Destroyed{std::move(reports)}, record);
    case Verdict::kNotRegistered:
      return cli::Explain(recovery::client::NotRegistered{}, record);
    default:
      return absl::StrCat("record ", record, ": no version that enough realms offer");
  }
}

}  // namespace

std::string RecordHeading(const RecordStatus& status, uint32_t least_realms, const std::string& record) {
  if (!status.version) return WithoutVersion(status, least_realms, record) + "\n";
  return absl::StrCat("record ", record, ": version ", *status.version, ", any ", status.threshold, " of ",
                      status.realms.size(), " realms, ", status.tries_left, " tries left\n  ",
                      ThiefsTries({status.holders, status.threshold}, status.guess_limit), "\n");
}

}  // namespace labrec::recover
