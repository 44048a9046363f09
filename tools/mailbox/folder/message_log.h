#pragma once

#include <filesystem>

#include "recovery/labyrinth/base/message_store.h"

namespace labrec::mailbox {

// One epoch's messages in one file: (u32 size || record)*, record = LP(thread) || id (16) || u64 timestamp ||
// sealed. Positions are byte offsets. A record that a crash cut short at the end is not seen by readers and
// overwritten by the next append. Appending takes the store's lock; reading takes none.
class MessageLog {
 public:
  explicit MessageLog(std::filesystem::path path) : path_(std::move(path)) {}

  // Durable when it returns OK. ALREADY_EXISTS is not looked for: ids are the writer's affair.
  absl::Status Append(const recovery::labyrinth::StoredMessage& message);
  // As MessageStore::ReadMessages. A log that does not exist is empty.
  absl::StatusOr<recovery::labyrinth::MessagePage> Read(uint64_t after, size_t limit) const;
  // How many whole records there are; reads their sizes only, and those it has seen once not again.
  absl::StatusOr<uint64_t> Count();

 private:
  // Whole records that were seen. Records are never removed, so this stays true.
  struct Extent {
    uint64_t records = 0;
    uint64_t end = 0;
  };
  void Measure(int fd);

  std::filesystem::path path_;
  Extent seen_;
};

}  // namespace labrec::mailbox
