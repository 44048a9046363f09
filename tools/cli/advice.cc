#include "tools/cli/advice.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "absl/strings/str_cat.h"

#include "recovery/client/report/failure_kind.h"
#include "recovery/client/report/realm_refusal.h"

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
  const std::string ends = outcome.active_version ? "that version is" : "the record is";
  if (outcome.tries_left > 0) {
    absl::StrAppend(&text, "; ", outcome.tries_left, outcome.tries_left == 1 ? " try is" : " tries are",
                    " left, then ", ends, " destroyed for good");
  } else {
    absl::StrAppend(&text, "; it was the last try: ", ends, " destroyed for good");
  }
  const std::string destroyed = Names(outcome.reports, RealmCondition::kDestroyed);
  if (!destroyed.empty()) absl::StrAppend(&text, " (keys erased at: ", destroyed, ")");
  if (outcome.active_version) {
    absl::StrAppend(
        &text,
        ". It was tried at a version that is registered and not activated, which an enrolled device "
        "can put in front. If you did not register it, try the PIN at version ",
        *outcome.active_version,
        " with --active, which takes a try too; labyrinth-recover status shows who did");
  }
  return text;
}

namespace {

const char* SaidOfPin(recovery::client::KnownPin pin) {
  using recovery::client::KnownPin;
  switch (pin) {
    case KnownPin::kSame:
      return "the PIN is the one that the record had before; whoever guesses at it goes on from there: "
             "better "
             "take another one";
    case KnownPin::kUsedUp:
      return "the tries of the record before were used up; if this is the same PIN, whoever guessed at it "
             "has "
             "all tries again: take another one";
    case KnownPin::kNotKnown:
      return "too few realms could say whether the PIN is the old one: until the first recovery the new "
             "version "
             "may have no more tries left than the old one had";
    case KnownPin::kNothingThere:
    case KnownPin::kOther:
      break;
  }
  return "";
}

}  // namespace

std::string LossOf(size_t threshold, size_t holders, size_t realms) {
  if (holders > threshold) return "";
  std::string text = threshold == 1
                         ? "the one realm that holds it is needed: losing it loses the secret"
                         : absl::StrCat("all ", holders,
                                        " realms that hold it are needed: losing one of them loses "
                                        "the secret");
  if (holders < realms)
    absl::StrAppend(&text, "; when the other realms of the list are there, run labyrinth-recover heal");
  return text;
}

std::vector<std::string> LeftToDo(const recovery::client::Sealed& sealed) {
  std::vector<std::string> lines;
  const std::string loss = LossOf(sealed.threshold, sealed.holders, sealed.reports.size());
  if (!loss.empty()) lines.push_back(loss);
  if (!sealed.complete) {
    lines.emplace_back(
        "it is not sealed for good yet: too few realms have activated the new version. Until they have, the "
        "PIN "
        "before is good too, and revoking the device that sealed takes the new version away. Run it again "
        "when "
        "the other realms are there");
  }
  const std::string said = SaidOfPin(sealed.pin);
  if (!said.empty()) lines.push_back(said);
  return lines;
}

std::string Explain(const recovery::client::LockedUntil& outcome, const std::string& record) {
  return absl::StrCat("record ", record, " is locked after wrong PINs; try again after ",
                      UtcTime(outcome.until_ms));
}

std::string Explain(const recovery::client::UsedUp&, const std::string& record) {
  return absl::StrCat(
      "record ", record,
      " has no try left, and the PIN was not sent: no PIN brings the secret back any more. Seal "
      "it again from a device that has it");
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
  const bool reached = recovery::client::FailureKindOf(status) != recovery::client::FailureKind::kTlsMismatch;
  if (absl::IsPermissionDenied(status) && reached && recovery::client::IsRefusedByRealm(status)) {
    absl::StrAppend(&text, "; if this device is not enrolled yet, run labyrinth-recover enroll first");
  }
  return text;
}

}  // namespace labrec::cli
