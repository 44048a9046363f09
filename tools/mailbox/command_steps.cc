#include "tools/mailbox/command_steps.h"

#include <cstdio>

#include <unistd.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tools/cli/progress_bar.h"
#include "tools/cli/terminal_text.h"

namespace labrec::mailbox {

using recovery::client::RealmCondition;
using recovery::client::RealmReport;
using recovery::labyrinth::AccountName;
using recovery::labyrinth::DeviceSigner;
using recovery::labyrinth::HistoryProgress;
using recovery::labyrinth::HistorySummary;
using recovery::labyrinth::HistoryVisitor;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::MessageId;
using recovery::labyrinth::PendingDevice;

absl::StatusOr<PendingDevice> MakePending(Home& home, const AccountName& account) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<DeviceSigner> signer, home.MakeDeviceKey());
  LABREC_ASSIGN_OR_RETURN(PendingDevice pending, PendingDevice::Make(account, *signer));
  LABREC_RETURN_IF_ERROR(home.SavePending(pending));
  return pending;
}

absl::Status SaveAndSync(Session& session, Mailbox& mailbox) {
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  LABREC_RETURN_IF_ERROR(mailbox.Sync());
  session.WarnOfFloor(mailbox.doubted());
  return session.home.SaveState(mailbox.state());
}

void PrintSelf(const Mailbox& mailbox) {
  std::printf("device %s\n", Hex(mailbox.state().self.id).c_str());
}

absl::StatusOr<HistorySummary> ReadThrough(Mailbox& mailbox, const HistoryShow& show) {
  cli::ProgressBar bar(STDERR_FILENO, show.what);
  HistoryVisitor visitor;
  visitor.message = show.message;
  visitor.damaged = [](uint64_t epoch, const MessageId& id, const absl::Status& status) {
    std::fprintf(stderr, "epoch %llu, message %s: %s\n", static_cast<unsigned long long>(epoch),
                 Hex(id).c_str(), cli::OneLine(std::string(status.message())).c_str());
  };
  const bool shown_anyway = show.message && isatty(STDOUT_FILENO) == 1;  // messages show that it goes on
  if (!shown_anyway) {
    visitor.progress = [&bar](const HistoryProgress& progress) {
      bar.Show(progress.messages, progress.message_count,
               std::to_string(progress.epochs_done) + "/" + std::to_string(progress.epochs) + " epochs, " +
                   std::to_string(progress.messages) + " messages");
    };
  }
  return mailbox.Read(show.oldest, visitor);
}

size_t WarnOfRealms(const std::vector<RealmReport>& reports, const char* what) {
  size_t good = 0;
  for (const RealmReport& report : reports) {
    if (report.condition == RealmCondition::kGood) ++good;
    if (report.condition == RealmCondition::kGood && report.error.ok()) continue;
    std::fprintf(stderr, "%s: realm %s: %s: %s\n", what, report.realm.c_str(),
                 std::string(ConditionName(report.condition)).c_str(),
                 cli::OneLine(std::string(report.error.message())).c_str());
  }
  return good;
}

}  // namespace labrec::mailbox
