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
  reports.reserve(status.realms.size());
  for (const auto& realm : status.realms) reports.push_back(realm.report);
  switch (VerdictOf(status, least_realms)) {
    case Verdict::kUsedUp:
      return cli::Explain(recovery::client::UsedUp{std::move(reports)}, record);
    case Verdict::kDestroyed:
      return cli::Explain(recovery::client::Destroyed{std::move(reports)}, record);
    case Verdict::kNotRegistered:
      return cli::Explain(recovery::client::NotRegistered{}, record);
    default:
      return absl::StrCat("record ", record, ": no version that enough realms offer");
  }
}

// The list may have realms that hold nothing of the record.
std::string InTheList(const RecordStatus& status) {
  if (status.holders == status.realms.size()) return "";
  return absl::StrCat(" (the list has ", status.realms.size(), ")");
}

std::string TriesWords(uint32_t tries_left) {
  if (tries_left > 0) return absl::StrCat(tries_left, tries_left == 1 ? " try left" : " tries left");
  return "no try left: no PIN brings the secret back any more";
}

}  // namespace

std::string RecordHeading(const RecordStatus& status, uint32_t least_realms, const std::string& record) {
  if (!status.version) return WithoutVersion(status, least_realms, record) + "\n";
  std::string text =
      absl::StrCat("record ", record, ": version ", *status.version, ", any ", status.threshold, " of ",
                   status.holders, " realms", InTheList(status), ", ", TriesWords(status.tries_left), "\n  ",
                   ThiefsTries({status.holders, status.threshold}, status.guess_limit), "\n");
  const std::string loss = cli::LossOf(status.threshold, status.holders, status.realms.size());
  return loss.empty() ? text : absl::StrCat(text, "  ", loss, "\n");
}

}  // namespace labrec::recover
