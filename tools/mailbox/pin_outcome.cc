#include "tools/mailbox/pin_outcome.h"

#include "absl/strings/cord.h"

#include "tools/recover/advice.h"

namespace labrec::mailbox {
namespace {

using recovery::client::Destroyed;
using recovery::client::LockedUntil;
using recovery::client::NotRegistered;
using recovery::client::RecoverOutcome;
using recovery::client::WrongPin;

constexpr char kPayload[] = "labyrinth-mailbox/not-recovered";

std::string Words(const RecoverOutcome& outcome, const std::string& record) {
  if (const auto* wrong = std::get_if<WrongPin>(&outcome)) return recover::Explain(*wrong);
  if (const auto* locked = std::get_if<LockedUntil>(&outcome)) return recover::Explain(*locked, record);
  if (const auto* destroyed = std::get_if<Destroyed>(&outcome)) return recover::Explain(*destroyed, record);
  return recover::Explain(std::get<NotRegistered>(outcome), record);
}

}  // namespace

absl::Status NotRecovered(const RecoverOutcome& outcome, const std::string& record) {
  absl::Status status = absl::FailedPreconditionError(Words(outcome, record));
  status.SetPayload(kPayload, absl::Cord());
  return status;
}

bool IsNotRecovered(const absl::Status& status) {
  return status.GetPayload(kPayload).has_value();
}

}  // namespace labrec::mailbox
