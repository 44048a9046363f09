#include "tools/mailbox/commands.h"

#include <cstdio>

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/reason.h"
#include "tools/cli/terminal_text.h"
#include "tools/mailbox/command_steps.h"
#include "tools/mailbox/output.h"

namespace labrec::mailbox {

using recovery::labyrinth::DeviceSigner;
using recovery::labyrinth::HistorySummary;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::Message;
using recovery::labyrinth::MessageId;
using recovery::labyrinth::Reason;
using recovery::labyrinth::ReasonOf;

namespace {

// A revoked device may read what it has; it is told so. Anything else that is wrong with the store stops it.
absl::Status FollowIfPossible(Session& session, Mailbox& mailbox) {
  const absl::Status synced = mailbox.Sync();
  if (ReasonOf(synced) == Reason::kLeftOut) {
    std::fprintf(stderr, "%s; what it could read before follows\n",
                 cli::OneLine(std::string(synced.message())).c_str());
    return absl::OkStatus();
  }
  LABREC_RETURN_IF_ERROR(synced);
  session.WarnOfFloor(mailbox.doubted());
  return session.home.SaveState(mailbox.state());
}

}  // namespace

absl::Status Init(Session& session) {
  if (const auto head = session.store->GetHead(); !absl::IsNotFound(head.status())) {
    LABREC_RETURN_IF_ERROR(head.status());
    return absl::AlreadyExistsError(
        "there is a mailbox in this store already; let this device in, or restore");
  }
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceSigner> signer, session.home.MakeDeviceKey());
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox,
                          Mailbox::Create(*session.store, *session.floor, session.account, *signer));
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  PrintSelf(mailbox);
  return absl::OkStatus();
}

absl::Status Send(Session& session, const std::string& thread, const std::string& text) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_ASSIGN_OR_RETURN(const MessageId id, mailbox.Send(thread, SystemClock().NowMillis(), AsBytes(text)));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  session.WarnOfFloor(mailbox.doubted());
  std::printf("sent %s in epoch %llu\n", Hex(id).c_str(),
              static_cast<unsigned long long>(mailbox.state().epoch.sequence()));
  return absl::OkStatus();
}

absl::Status Read(Session& session, const ReadOptions& options) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  if (!options.offline) LABREC_RETURN_IF_ERROR(FollowIfPossible(session, mailbox));
  const auto print = [&options](const Message& message) {
    if (options.thread.empty() || message.thread == options.thread) PrintMessage(message);
  };
  LABREC_ASSIGN_OR_RETURN(const HistorySummary summary,
                          ReadThrough(mailbox, {options.oldest_epoch, "reading", print}));
  if (summary.damaged == 0) return absl::OkStatus();
  return absl::DataLossError(std::to_string(summary.damaged) +
                             " messages do not open; the others were shown");
}

}  // namespace labrec::mailbox
