#pragma once

#include <functional>

#include "recovery/labyrinth/message.h"

namespace labrec::recovery::labyrinth {

// A message that opened. `text` is wiped when the visitor returns.
struct Message {
  uint64_t epoch = 0;
  MessageId id{};
  std::string_view thread;
  int64_t timestamp_ms = 0;
  const SecretBytes& text;
};

struct HistoryProgress {
  uint64_t epochs_done = 0;
  uint64_t epochs = 0;
  uint64_t messages = 0;
  uint64_t message_count = 0;  // what the store says there are
};

// What reading calls. `damaged` gets each message that does not open; reading goes on, or one bad message
// would hide all others. Empty functions are not called.
struct HistoryVisitor {
  std::function<void(const Message&)> message;
  std::function<void(uint64_t epoch, const MessageId&, const absl::Status&)> damaged;
  std::function<void(const HistoryProgress&)> progress;
};

struct HistorySummary {
  uint64_t epochs = 0;
  uint64_t messages = 0;
  uint64_t damaged = 0;
};

// Streams every message from epoch `oldest` to `newest`: oldest epoch first, and within an epoch in the
// store's order. Memory: one page of messages, and 88 bytes for each epoch. If an epoch cannot be reached no
// message is given at all, and the error is WalkBack's. Also the store's errors.
absl::StatusOr<HistorySummary> ReadHistory(MessageStore& store, const AccountName& account,
                                           const Epoch& newest, uint64_t oldest,
                                           const HistoryVisitor& visitor);

}  // namespace labrec::recovery::labyrinth
