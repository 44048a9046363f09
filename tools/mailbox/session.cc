#include "tools/mailbox/session.h"

#include <cstdio>

#include "hsm/base/status_macros.h"
#include "tools/cli/terminal_text.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::AccountName;
using recovery::labyrinth::DeviceState;
using recovery::labyrinth::DoubtedFloor;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::NoFloor;

constexpr char kDefaultRecord[] = "default";

}  // namespace

absl::StatusOr<Session> Session::Open(const SessionOptions& options) {
  Session session(options);
  if (!options.realms.realms.empty()) {
    LABREC_ASSIGN_OR_RETURN(session.realms_, cli::Connect(options.realms));
  }
  LABREC_RETURN_IF_ERROR(session.FindAccount());
  LABREC_ASSIGN_OR_RETURN(session.store, OpenStore(options.store, session.account));
  session.floor = std::make_unique<NoFloor>();
  LABREC_RETURN_IF_ERROR(session.FindRecord(options.record));
  return session;
}

// Home, command line and token must mean the same account.
absl::Status Session::FindAccount() {
  const std::optional<AccountName> own = home.Account();
  if (account.account.empty() && own.has_value()) account = *own;
  if (!realms_.has_value()) return absl::OkStatus();
  const AccountName token{realms_->realms->tenant(), realms_->realms->account()};
  if (account.account.empty()) account = token;
  if (account == token) return absl::OkStatus();
  return absl::InvalidArgumentError("the token is of account " + token.account + " of " + token.tenant +
                                    ", this mailbox of " + account.account + " of " + account.tenant);
}

absl::Status Session::FindRecord(const std::string& named) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<std::string> own, home.Record());
  record = !named.empty() ? named : own.value_or(kDefaultRecord);
  if (!own.has_value() || no_floor_) return absl::OkStatus();
  if (!realms_.has_value()) {
    return absl::FailedPreconditionError(
        "recovery realms keep this mailbox's epoch floor: give --realms and --token-file");
  }
  KeepFloorInRealms();
  return absl::OkStatus();
}

void Session::KeepFloorInRealms() {
  if (no_floor_) return;
  auto kept = std::make_unique<RecoveryFloor>(
      RecoveryFloor::Options{*realms_->realms, record, realms_->threshold, home.DeviceKeyPath()});
  recovery_floor_ = kept.get();
  floor = std::move(kept);
}

absl::StatusOr<Mailbox> Session::OpenMailbox() {
  LABREC_ASSIGN_OR_RETURN(DeviceState state, home.LoadState());
  WarnOfNoFloor();
  return Mailbox(*store, *floor, std::move(state));
}

absl::StatusOr<const cli::Connection*> Session::Realms() const {
  if (realms_.has_value()) return &*realms_;
  return absl::InvalidArgumentError("name the recovery realms: --realms FILE --token-file FILE");
}

void Session::WarnOfNoFloor() const {
  if (!realms_.has_value() || no_floor_ || floor_is_in_realms()) return;
  std::fprintf(
      stderr,
      "this home knows of no record, so no realm is asked for the epoch floor and what the store shows is "
      "believed: code make seals a record, device enroll lets this device use one\n");
}

void Session::WarnOfFloor(const std::vector<DoubtedFloor>& doubted) const {
  for (const DoubtedFloor& claim : doubted) {
    std::fprintf(stderr, "realm %s %s: it is not believed\n", claim.realm.c_str(),
                 cli::OneLine(claim.why).c_str());
  }
  if (recovery_floor_ == nullptr) return;
  for (const std::string& realm : recovery_floor_->behind()) {
    std::fprintf(stderr, "the epoch floor is not raised yet at realm %s\n", cli::OneLine(realm).c_str());
  }
}

}  // namespace labrec::mailbox
