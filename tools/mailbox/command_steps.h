#pragma once

#include <vector>

#include "recovery/client/report/realm_report.h"
#include "tools/mailbox/session.h"

// What several commands do.
namespace labrec::mailbox {

// Makes the home a device's that waits to be let in.
absl::StatusOr<recovery::labyrinth::PendingDevice> MakePending(
    Home& home, const recovery::labyrinth::AccountName& account);
absl::Status SaveAndSync(Session& session, recovery::labyrinth::Mailbox& mailbox);
void PrintSelf(const recovery::labyrinth::Mailbox& mailbox);

// Reads the history, from epoch `oldest`, with a progress bar; `show` may be empty.
struct HistoryShow {
  uint64_t oldest = 0;
  const char* what = "reading";
  std::function<void(const recovery::labyrinth::Message&)> message;
};
absl::StatusOr<recovery::labyrinth::HistorySummary> ReadThrough(recovery::labyrinth::Mailbox& mailbox,
                                                                const HistoryShow& show);

// A line on stderr for each realm that did not do its part. How many did.
size_t WarnOfRealms(const std::vector<recovery::client::RealmReport>& reports, const char* what);

}  // namespace labrec::mailbox
