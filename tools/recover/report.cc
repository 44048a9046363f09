#include "tools/recover/report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "tools/cli/advice.h"
#include "tools/cli/terminal_text.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {

using nlohmann::json;
using recovery::client::RealmCondition;
using recovery::client::RealmReport;

json RealmsJson(const std::vector<RealmReport>& reports) {
  json realms = json::array();
  for (const RealmReport& report : reports) {
    json realm = {{"realm", report.realm}, {"condition", ConditionName(report.condition)}};
    if (report.remaining) realm["remaining"] = *report.remaining;
    if (report.locked_until_ms != 0) realm["locked_until_ms"] = report.locked_until_ms;
    if (!report.error.ok()) realm["error"] = std::string(report.error.message());
    if (report.chip) {
      realm["chip_uses"] = report.chip->counted;
      realm["unexplained_uses"] = report.chip->unexplained;
    }
    realms.push_back(std::move(realm));
  }
  return realms;
}

namespace {

// {"alpha": 9, ...}
json RemainingJson(const std::vector<RealmReport>& reports) {
  json remaining = json::object();
  for (const RealmReport& report : reports) {
    if (report.remaining) remaining[report.realm] = *report.remaining;
  }
  return remaining;
}

}  // namespace

void Reporter::Say(const std::string& line) const {
  std::fprintf(stderr, "labyrinth-recover: %s\n", cli::OneLine(line).c_str());
}

void Reporter::SayRealms(const std::vector<RealmReport>& reports) const {
  for (const RealmReport& report : reports) {
    if (report.condition == RealmCondition::kGood && report.error.ok()) continue;
    std::string line = absl::StrCat("realm ", report.realm, ": ", AbslView(ConditionName(report.condition)));
    if (!report.error.ok()) absl::StrAppend(&line, ": ", report.error.message());
    Say(line);
  }
}

void Reporter::SayChips(const std::vector<RealmReport>& reports) const {
  for (const RealmReport& report : reports) {
    if (!report.chip) continue;
    const uint32_t counted = report.chip->counted;
    if (report.chip->unexplained > 0) {
      Say(absl::StrCat("realm ", report.realm,
                       ": if these tries were yours, recover once more with --own-tries ", counted,
                       ", which counts this recovery too"));
    } else if (counted > 1) {
      Say(absl::StrCat("realm ", report.realm, ": its chip has counted ", counted,
                       " tries since it last gave the guesses back, this recovery among them"));
    }
  }
}

void Reporter::Result(const char* outcome, json fields, const std::string& text) const {
  if (format_ == Format::kJson) {
    fields["command"] = command_;
    fields["outcome"] = outcome;
    // Realms' messages may be any bytes: what is no UTF-8 is replaced, and what is no ASCII is escaped.
    std::printf("%s\n", fields.dump(2, ' ', true, json::error_handler_t::replace).c_str());
  } else {
    std::fputs(cli::Lines(text).c_str(), stdout);
  }
  std::fflush(stdout);
}

int Reporter::Fail(const absl::Status& status) const {
  const std::string text = cli::Explain(status);
  Say(text);
  const int code = ExitCode(status);
  Result(code == kExitTooFewRealms ? "too-few-realms" : "error",
         {{"error", text}, {"code", absl::StatusCodeToString(status.code())}}, "");
  return code;
}

int Reporter::UsageError(const absl::Status& status) const {
  const std::string text = cli::Explain(status);
  Say(text);
  Result("usage", {{"error", text}}, "");
  return kExitUsage;
}

template <typename Outcome>
int Reporter::Failed(const char* name, const Outcome& outcome, json fields, const std::string& text,
                     int code) const {
  Say(text);
  SayRealms(outcome.reports);
  fields["realms"] = RealmsJson(outcome.reports);
  Result(name, std::move(fields), "");
  return code;
}

template <typename Variant>
int Reporter::Unsuccessful(const Variant& outcome, const std::string& record) const {
  const int code = ExitCode(outcome);
  if (const auto* wrong = std::get_if<recovery::client::WrongPin>(&outcome)) {
    json fields = {{"tries_left", wrong->tries_left}, {"remaining", RemainingJson(wrong->reports)}};
    return Failed("wrong-pin", *wrong, std::move(fields), cli::Explain(*wrong), code);
  }
  if (const auto* locked = std::get_if<recovery::client::LockedUntil>(&outcome)) {
    return Failed("locked", *locked, {{"locked_until_ms", locked->until_ms}}, cli::Explain(*locked, record),
                  code);
  }
  if (const auto* used_up = std::get_if<recovery::client::UsedUp>(&outcome)) {
    return Failed("used-up", *used_up, json::object(), cli::Explain(*used_up, record), code);
  }
  if (const auto* destroyed = std::get_if<recovery::client::Destroyed>(&outcome)) {
    return Failed("destroyed", *destroyed, json::object(), cli::Explain(*destroyed, record), code);
  }
  const auto& unknown = std::get<recovery::client::NotRegistered>(outcome);
  return Failed("not-registered", unknown, json::object(), cli::Explain(unknown, record), code);
}

int Reporter::NotRecovered(const recovery::client::RecoverOutcome& outcome, const std::string& record) const {
  return Unsuccessful(outcome, record);
}

int Reporter::NotChanged(const recovery::client::PinChange& outcome, const std::string& record) const {
  return Unsuccessful(outcome, record);
}

}  // namespace labrec::recover
