#include "recovery/labyrinth/history.h"

#include <vector>

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/backward_edge.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr size_t kPageSize = 256;

class HistoryReader {
 public:
  HistoryReader(MessageStore& store, const AccountName& account, const HistoryVisitor& visitor)
      : store_(store), account_(account), visitor_(visitor) {}

  absl::StatusOr<HistorySummary> Read(const Epoch& newest, uint64_t oldest) {
    LABREC_ASSIGN_OR_RETURN(std::vector<Epoch> epochs, NewestFirst(newest, oldest));
    LABREC_ASSIGN_OR_RETURN(const StoreHead head, store_.GetHead());
    progress_ = {0, epochs.size(), 0, head.message_count};
    for (; !epochs.empty(); epochs.pop_back()) {
      LABREC_RETURN_IF_ERROR(ReadEpoch(epochs.back()));
      ++progress_.epochs_done;
      Report();
    }
    return HistorySummary{progress_.epochs_done, progress_.messages, damaged_};
  }

 private:
  absl::StatusOr<std::vector<Epoch>> NewestFirst(const Epoch& newest, uint64_t oldest) {
    std::vector<Epoch> epochs;
    epochs.push_back(newest.Clone());
    while (epochs.back().sequence() > oldest) {
      LABREC_ASSIGN_OR_RETURN(Epoch previous,
                              WalkBack(store_, account_, epochs.back(), epochs.back().sequence() - 1));
      epochs.push_back(std::move(previous));
    }
    return epochs;
  }

  absl::Status ReadEpoch(const Epoch& epoch) {
    MessageCipher cipher(account_, epoch);
    MessagePage page;
    do {
      const uint64_t after = page.next;
      LABREC_ASSIGN_OR_RETURN(page, store_.ReadMessages(epoch.sequence(), after, kPageSize));
      if (page.messages.size() > kPageSize || (!page.last && page.next <= after)) {
        return Damage(Reason::kMalformed, "the store's pages of messages do not advance");
      }
      for (const StoredMessage& message : page.messages) Take(epoch, cipher, message);
      Report();
    } while (!page.last);
    return absl::OkStatus();
  }

  void Take(const Epoch& epoch, MessageCipher& cipher, const StoredMessage& stored) {
    const auto text = cipher.Open(stored);
    if (!text.ok()) {
      ++damaged_;
      if (visitor_.damaged) visitor_.damaged(epoch.sequence(), stored.id, text.status());
      return;
    }
    ++progress_.messages;
    if (visitor_.message) {
      visitor_.message({epoch.sequence(), stored.id, stored.thread, stored.timestamp_ms, *text});
    }
  }

  void Report() {
    if (visitor_.progress) visitor_.progress(progress_);
  }

  MessageStore& store_;
  const AccountName& account_;
  const HistoryVisitor& visitor_;
  HistoryProgress progress_;
  uint64_t damaged_ = 0;
};

}  // namespace

absl::StatusOr<HistorySummary> ReadHistory(MessageStore& store, const AccountName& account,
                                           const Epoch& newest, uint64_t oldest,
                                           const HistoryVisitor& visitor) {
  return HistoryReader(store, account, visitor).Read(newest, oldest);
}

}  // namespace labrec::recovery::labyrinth
