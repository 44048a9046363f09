#pragma once

#include <memory>
#include <optional>

#include "recovery/labyrinth/base/message_store.h"
#include "tools/mailbox/remote/store_connection.h"

namespace labrec::mailbox {

// Reads epochs ahead. The first is asked for by itself; the one after or before the last asked opens a stream
// in that direction, which also brings what a member needs to follow. Everything that is not in the two
// blocks it remembers is asked for by itself (nullopt here).
class EpochReader {
 public:
  using Id = recovery::labyrinth::Id;

  // DATA_LOSS if the server sends something else than it was asked.
  absl::StatusOr<std::optional<recovery::labyrinth::StoredEpoch>> GetEpoch(const StoreConnection& connection,
                                                                           uint64_t sequence);
  absl::StatusOr<std::optional<Bytes>> GetDelivery(uint64_t sequence, const Id& member);
  absl::StatusOr<std::optional<Bytes>> GetMember(uint64_t sequence, const Id& member) const;

 private:
  using Stream = IncomingStream<v1::EpochBlock>;
  void Open(const StoreConnection& connection, uint64_t from);
  const v1::EpochBlock* Find(uint64_t sequence) const;

  std::unique_ptr<Stream> stream_;
  bool up_ = true;                // the stream's direction
  std::optional<uint64_t> last_;  // the epoch that was asked for last
  std::optional<Id> member_;      // who follows
  std::optional<v1::EpochBlock> now_;
  std::optional<v1::EpochBlock> before_;
};

}  // namespace labrec::mailbox
