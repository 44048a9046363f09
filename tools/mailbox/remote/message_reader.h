#pragma once

#include <memory>
#include <optional>

#include "recovery/labyrinth/base/message_store.h"
#include "tools/mailbox/remote/store_connection.h"

namespace labrec::mailbox {

// Pages of messages out of one stream, as long as they are asked for in the order in which the stream brings
// them: to the end of an epoch, and on with the next one. Anything else opens another stream.
class MessageReader {
 public:
  // As MessageStore::ReadMessages. DATA_LOSS if the server sends something else than it was asked.
  absl::StatusOr<recovery::labyrinth::MessagePage> Read(const StoreConnection& connection, uint64_t sequence,
                                                        uint64_t after, size_t limit);

 private:
  using Stream = IncomingStream<v1::MessagePage>;
  void Open(const StoreConnection& connection, uint64_t sequence, uint64_t after);
  // Gets the next page if there is none; without one at the end of the stream.
  absl::Status Fill();
  absl::StatusOr<recovery::labyrinth::MessagePage> Take(size_t limit);

  std::unique_ptr<Stream> stream_;
  std::optional<v1::MessagePage> page_;
  int taken_ = 0;          // of page_
  uint64_t sequence_ = 0;  // where the next message stands
  uint64_t after_ = 0;
};

}  // namespace labrec::mailbox
