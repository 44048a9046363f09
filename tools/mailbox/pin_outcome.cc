#include "tools/mailbox/pin_outcome.h"

#include "absl/strings/cord.h"

#include "tools/cli/advice.h"

namespace labrec::mailbox {
namespace {

using recovery::client::Destroyed;
using recovery::client::LockedUntil;
using recovery::client::NotRegistered;
using recovery::client::RecoverOutcome;
using recovery::client::UsedUp;
using recovery::client::WrongPin;

constexpr char kPayload[] = "labyrinth-mailbox/not-recovered";

std::string Words(const RecoverOutcome& outcome, const std::string& record) {
  if (const auto* wrong = std::get_if<WrongPin>(&outcome)) return cli::Explain(*wrong);
  if (const auto* locked = std::get_if<LockedUntil>(&outcome)) return cli::Explain(*locked, record);
  if (const auto* used_up = std::get_if<UsedUp>(&outcome)) return cli::Explain(*used_up, record);
  if (const auto* destroyed = std::get_if<Destroyed>(&outcome)) return cli::Explain(*destroyed, record);
  return cli::Explain(std::get<NotRegistered>(outcome), record);
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
