#include "tools/mailbox/commands.h"

#include <cstdio>
#include <iostream>

#include <unistd.h>

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/reason.h"
#include "recovery/labyrinth/restore.h"
#include "tools/mailbox/folder_store.h"
#include "tools/mailbox/output.h"
#include "tools/mailbox/progress_bar.h"

namespace labrec::mailbox {

using recovery::history::AccountName;
using recovery::history::DeviceSigner;
using recovery::history::DeviceState;
using recovery::history::Epoch;
using recovery::history::HistoryProgress;
using recovery::history::HistorySummary;
using recovery::history::HistoryVisitor;
using recovery::history::JoinRequest;
using recovery::history::Mailbox;
using recovery::history::MemberId;
using recovery::history::MemberStatus;
using recovery::history::Message;
using recovery::history::MessageId;
using recovery::history::MessageStore;
using recovery::history::PendingDevice;
using recovery::history::Reason;
using recovery::history::ReasonOf;
using recovery::history::RecoveryCode;
using recovery::history::Restored;
using recovery::history::Rotation;

namespace {

constexpr size_t kShortestIdPrefix = 4;

absl::StatusOr<PendingDevice> MakePending(Home& home, const AccountName& account) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceSigner> signer, home.MakeDeviceKey());
  LABREC_ASSIGN_OR_RETURN(PendingDevice pending, PendingDevice::Make(account, *signer));
  LABREC_RETURN_IF_ERROR(home.SavePending(pending));
  return pending;
}

// The one member whose id begins so.
absl::StatusOr<MemberId> FindMember(Mailbox& mailbox, const std::string& prefix) {
  if (prefix.size() < kShortestIdPrefix)
    return absl::InvalidArgumentError("give at least 4 digits of the id");
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberStatus> members, mailbox.Members());
  std::optional<MemberId> found;
  for (const MemberStatus& member : members) {
    if (!Hex(member.id).starts_with(prefix)) continue;
    if (found.has_value()) return absl::InvalidArgumentError("several members' ids begin with " + prefix);
    found = member.id;
  }
  if (!found.has_value()) return absl::NotFoundError("no member's id begins with " + prefix);
  return *found;
}

absl::Status SaveAndSync(Session& session, Mailbox& mailbox) {
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  LABREC_RETURN_IF_ERROR(mailbox.Sync());
  return session.home.SaveState(mailbox.state());
}

void PrintSelf(const Mailbox& mailbox) {
  std::printf("device %s\n", Hex(mailbox.state().self.id).c_str());
}

absl::StatusOr<SecretBytes> ReadLine() {
  std::string line;
  if (!std::getline(std::cin, line)) return absl::InvalidArgumentError("no recovery code was given");
  return SecretBytes::TakeFrom(line);
}

// A revoked device may read what it has; it is told so. Anything else that is wrong with the store stops it.
absl::Status FollowIfPossible(Session& session, Mailbox& mailbox) {
  const absl::Status synced = mailbox.Sync();
  if (ReasonOf(synced) == Reason::kLeftOut) {
    std::fprintf(stderr, "%s; what it could read before follows\n", std::string(synced.message()).c_str());
    return absl::OkStatus();
  }
  LABREC_RETURN_IF_ERROR(synced);
  return session.home.SaveState(mailbox.state());
}

HistoryVisitor PrintingVisitor(const ReadOptions& options, ProgressBar& bar) {
  HistoryVisitor visitor;
  visitor.message = [&options](const Message& message) {
    if (options.thread.empty() || message.thread == options.thread) PrintMessage(message);
  };
  visitor.damaged = [](uint64_t epoch, const MessageId& id, const absl::Status& status) {
    std::fprintf(stderr, "epoch %llu, message %s: %s\n", static_cast<unsigned long long>(epoch),
                 Hex(id).c_str(), std::string(status.message()).c_str());
  };
  if (isatty(STDOUT_FILENO) == 1) return visitor;  // the messages themselves show that it goes on
  visitor.progress = [&bar](const HistoryProgress& progress) {
    bar.Show(progress.messages, progress.message_count,
             std::to_string(progress.epochs_done) + "/" + std::to_string(progress.epochs) + " epochs, " +
                 std::to_string(progress.messages) + " messages");
  };
  return visitor;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MessageStore>> OpenStore(const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError("name the message store: --store FOLDER");
  return FolderStore::Open(name);
}

absl::StatusOr<Mailbox> OpenMailbox(Session& session) {
  LABREC_ASSIGN_OR_RETURN(DeviceState state, session.home.LoadState());
  return Mailbox(*session.store, *session.floor, std::move(state));
}

absl::Status Init(Session& session, const AccountName& account) {
  if (session.store->GetHead().ok()) {
    return absl::AlreadyExistsError(
        "there is a mailbox in this store already; let this device in, or restore");
  }
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceSigner> signer, session.home.MakeDeviceKey());
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, Mailbox::Create(*session.store, *session.floor, account, *signer));
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  PrintSelf(mailbox);
  return absl::OkStatus();
}

absl::Status AddLocalDevice(Session& session, const std::filesystem::path& new_home) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  Home home(new_home);
  LABREC_ASSIGN_OR_RETURN(const PendingDevice pending, MakePending(home, mailbox.state().account));
  LABREC_RETURN_IF_ERROR(mailbox.Invite(pending.Request()));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  LABREC_ASSIGN_OR_RETURN(const Mailbox newcomer, Mailbox::Accept(*session.store, *session.floor, pending));
  LABREC_RETURN_IF_ERROR(home.SaveState(newcomer.state()));
  home.ForgetPending();
  PrintSelf(newcomer);
  return absl::OkStatus();
}

absl::Status RequestDevice(Session& session, const AccountName& account,
                           const std::filesystem::path& request) {
  LABREC_ASSIGN_OR_RETURN(const PendingDevice pending, MakePending(session.home, account));
  LABREC_RETURN_IF_ERROR(WriteFile(request, pending.Request().Serialize().view(), 0600, Overwrite::kRefuse));
  std::printf("device %s\ncarry %s to a device that is a member, and run there: device add --request FILE\n",
              Hex(pending.self.id).c_str(), request.c_str());
  return absl::OkStatus();
}

absl::Status AddRequestingDevice(Session& session, const std::filesystem::path& request) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes content, ReadSecretFile(request));
  LABREC_ASSIGN_OR_RETURN(const JoinRequest parsed, JoinRequest::Parse(content.view()));
  LABREC_RETURN_IF_ERROR(mailbox.Invite(parsed));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  std::printf("let in device %s; run there: device accept\n", Hex(parsed.member.id).c_str());
  return absl::OkStatus();
}

absl::Status AcceptDevice(Session& session) {
  LABREC_ASSIGN_OR_RETURN(const PendingDevice pending, session.home.LoadPending());
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, Mailbox::Accept(*session.store, *session.floor, pending));
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  session.home.ForgetPending();
  PrintSelf(mailbox);
  return absl::OkStatus();
}

absl::Status ListDevices(Session& session) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberStatus> members, mailbox.Members());
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  std::printf("epoch %llu\n", static_cast<unsigned long long>(mailbox.state().epoch.sequence()));
  for (const MemberStatus& member : members) PrintMember(member, mailbox.state().self.id);
  return absl::OkStatus();
}

absl::Status RevokeDevice(Session& session, const std::string& id) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  LABREC_ASSIGN_OR_RETURN(const MemberId member, FindMember(mailbox, id));
  LABREC_ASSIGN_OR_RETURN(const Rotation rotation, mailbox.Revoke(member));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  PrintRotation(rotation);
  return absl::OkStatus();
}

absl::Status Send(Session& session, const std::string& thread, const std::string& text) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  LABREC_ASSIGN_OR_RETURN(const MessageId id, mailbox.Send(thread, SystemClock().NowMillis(), AsBytes(text)));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  std::printf("sent %s in epoch %llu\n", Hex(id).c_str(),
              static_cast<unsigned long long>(mailbox.state().epoch.sequence()));
  return absl::OkStatus();
}

absl::Status Read(Session& session, const ReadOptions& options) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  if (!options.offline) LABREC_RETURN_IF_ERROR(FollowIfPossible(session, mailbox));
  ProgressBar bar(STDERR_FILENO, "reading");
  LABREC_ASSIGN_OR_RETURN(const HistorySummary summary,
                          mailbox.Read(options.oldest_epoch, PrintingVisitor(options, bar)));
  if (summary.damaged == 0) return absl::OkStatus();
  return absl::DataLossError(std::to_string(summary.damaged) +
                             " messages do not open; the others were shown");
}

absl::Status MakePaperCode(Session& session) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, OpenMailbox(session));
  LABREC_ASSIGN_OR_RETURN(const RecoveryCode code, mailbox.MakeRecoveryCode(RecoveryCode::kForPaper));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  const SecretBytes shown = code.Grouped();
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  std::fputc('\n', stdout);
  return absl::OkStatus();
}

absl::Status RestoreFromPaper(Session& session, const AccountName& account) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes code, ReadLine());
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceSigner> signer, session.home.MakeDeviceKey());
  ProgressBar bar(STDERR_FILENO, "following");
  LABREC_ASSIGN_OR_RETURN(Restored restored,
                          recovery::history::Restore(
                              *session.store, *session.floor, {account, code.view(), std::nullopt, *signer},
                              [&bar](const Epoch& epoch) { bar.Show(epoch.sequence(), 0, "epochs"); }));
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, restored.mailbox));
  if (restored.corrected > 0)
    std::fprintf(stderr, "%zu wrong characters of the code were mended\n", restored.corrected);
  PrintSelf(restored.mailbox);
  return absl::OkStatus();
}

}  // namespace labrec::mailbox
