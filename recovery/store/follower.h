#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/store.h"

namespace labrec::recovery {

// A ledger's storage beside the process that works on it: a standby looks at it, to take over one day. It
// takes no lock and writes nothing. Untrusted, as all storage: what it says of who works there is its word.
// Errors: UNAVAILABLE, the server is away, and a new follower finds its successor; any other one says what
// stands in the way of whoever would work there. Threads: one at a time.
class StoreFollower {
 public:
  // Who works on the ledger.
  struct Holder {
    std::string name;                         // for people
    std::chrono::milliseconds silent_for{0};  // storage waits so long for a word of it; 0 while it is busy
  };

  virtual ~StoreFollower() = default;

  virtual absl::StatusOr<std::optional<Holder>> FindHolder() = 0;
  // nullopt on storage that holds no ledger yet.
  virtual absl::StatusOr<std::optional<HeadRow>> ReadHead() = 0;
  // The head, and the digest of every bucket that has a row, of one moment: no batch comes between them.
  virtual absl::StatusOr<std::optional<HeadRow>> ReadState(
      const std::function<absl::Status(uint32_t, const Digest&)>& visit) = 0;
};

}  // namespace labrec::recovery
