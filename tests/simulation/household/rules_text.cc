#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "tests/simulation/household/rules.h"

// What a trace, and a violation, says of requests and answers.
namespace labrec::sim {
namespace {

const char* KindName(Request::Kind kind) {
  static constexpr const char* kNames[] = {"evaluate",  "unlock", "finish", "activate",
                                           "enroll",    "revoke", "delete", "raise floor",
                                           "get floor", "look",   "list",   "chip"};
  return kNames[static_cast<size_t>(kind)];
}

const char* KindName(Answer::Kind kind) {
  static constexpr const char* kNames[] = {"done",      "evaluated",      "unlocked", "locked",
                                           "destroyed", "not registered", "floor",    "shown",
                                           "listed",    "refused",        "unknown"};
  return kNames[static_cast<size_t>(kind)];
}

std::string Text(const Signer& signer) {
  if (signer.kind == Signer::Kind::kDevice) return absl::StrCat("device ", signer.device);
  if (signer.kind == Signer::Kind::kNobody) return "token only";
  return absl::StrCat("key of ", signer.record, "/", signer.version, "#", signer.serial);
}

std::string Text(const KnownRecord& record) {
  std::string text = absl::StrCat(record.destroyed ? "destroyed, " : "", "highest ", record.highest,
                                  ", floor ", record.floor);
  for (const KnownVersion& each : record.versions) {
    absl::StrAppend(&text, "; ", each.number, "#", each.serial, ".", each.begun,
                    each.active ? " active " : " pending ", each.spent, " of ", each.limit, " {",
                    absl::StrJoin(each.counted, ","), "} by ", each.registrar);
  }
  return text;
}

}  // namespace

std::string Text(const Request& request) {
  return absl::StrCat(request.thiefs ? "thief: " : "owner: ", KindName(request.kind), " ", request.record,
                      "/", request.version, "#", request.serial, ".", request.begun, ", limit ",
                      request.limit, ", element ", request.element, ", device ", request.device, ", floor ",
                      request.floor, " [", Text(request.signer), "]");
}

std::string Text(const Answer& answer) {
  std::string text = absl::StrCat(KindName(answer.kind), ", left ", answer.left, ", floor ", answer.floor);
  if (answer.kind == Answer::Kind::kShown) {
    absl::StrAppend(&text, answer.shown.destroyed ? ", destroyed" : "", ", highest ", answer.shown.highest,
                    ", floor ", answer.shown.floor);
    for (const Shown::Version& each : answer.shown.versions) {
      absl::StrAppend(&text, "; ", each.number, each.active ? " active " : " pending ", each.left,
                      " left of ", each.limit);
    }
  }
  if (answer.kind == Answer::Kind::kListed) {
    absl::StrAppend(&text, ", devices ", absl::StrJoin(answer.devices, ","), ", records ",
                    absl::StrJoin(answer.records, ","));
  }
  return text;
}

std::string Text(const KnownAccount& account) {
  std::string text = absl::StrCat("devices ", absl::StrJoin(account.devices, ","));
  for (size_t i = 0; i < account.records.size(); ++i) {
    if (account.records[i].there) absl::StrAppend(&text, " | record ", i, ": ", Text(account.records[i]));
  }
  return text;
}

}  // namespace labrec::sim
