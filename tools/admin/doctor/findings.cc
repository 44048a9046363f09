#include "tools/admin/doctor/findings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "tools/cli/terminal_text.h"

namespace labrec::admin {
namespace {

const char* NameOf(Severity severity) {
  switch (severity) {
    case Severity::kGood:
      return "good";
    case Severity::kSoon:
      return "soon";
    case Severity::kWrong:
      return "wrong";
  }
  return "wrong";
}

}  // namespace

void Findings::Add(Severity severity, std::string subject, std::string what, std::string remedy) {
  worst_ = std::max(worst_, severity);
  findings_.push_back({severity, std::move(subject), std::move(what), std::move(remedy)});
}

void Findings::Note(Severity severity, const std::string& subject, const absl::Status& status,
                    const std::string& good) {
  if (status.ok()) return Good(subject, good);
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(std::string(status.message()), '\n'))) {
    Add(severity, subject, line, "");
  }
}

Json Findings::AsJson() const {
  Json list = Json::array();
  for (const Finding& finding : findings_) {
    list.push_back({{"severity", NameOf(finding.severity)},
                    {"subject", finding.subject},
                    {"what", finding.what},
                    {"remedy", finding.remedy}});
  }
  return {{"worst", NameOf(worst_)}, {"findings", std::move(list)}};
}

std::string Findings::AsText() const {
  std::string text;
  for (const Finding& finding : findings_) {
    absl::StrAppend(&text, NameOf(finding.severity), finding.severity == Severity::kWrong ? "  " : "   ",
                    finding.subject, ": ", cli::OneLine(finding.what), "\n");
    if (!finding.remedy.empty()) absl::StrAppend(&text, "       ", cli::OneLine(finding.remedy), "\n");
  }
  return text;
}

}  // namespace labrec::admin
