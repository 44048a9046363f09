#pragma once

#include <vector>

#include "recovery/client/base/realm_report.h"
#include "tools/mailbox/session.h"

// What several commands do.
namespace labrec::mailbox {

// Makes the home a device's that waits to be let in.
absl::StatusOr<recovery::history::PendingDevice> MakePending(Home& home,
                                                             const recovery::history::AccountName& account);
absl::Status SaveAndSync(Session& session, recovery::history::Mailbox& mailbox);
void PrintSelf(const recovery::history::Mailbox& mailbox);

// Reads the history, from epoch `oldest`, with a progress bar; `show` may be empty.
struct HistoryShow {
  uint64_t oldest = 0;
  const char* what = "reading";
  std::function<void(const recovery::history::Message&)> message;
};
absl::StatusOr<recovery::history::HistorySummary> ReadThrough(recovery::history::Mailbox& mailbox,
                                                              const HistoryShow& show);

// A line on stderr for each realm that did not do its part. How many did.
size_t WarnOfRealms(const std::vector<recovery::client::RealmReport>& reports, const char* what);

}  // namespace labrec::mailbox
