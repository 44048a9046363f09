#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/postgres/link/connection.h"

namespace labrec::recovery::postgres {

// Connections for reading from the server that is written: never from another one, which may lag behind or
// have parted from it. At most sixteen for single reads, whoever comes later waits; scans have their own.
// Threads: any.
class ReaderPool {
 public:
  ReaderPool(ServerPlace place, ServerIdentity identity) : place_(std::move(place)), identity_(identity) {}

  using Work = std::function<absl::StatusOr<Result>(Connection&)>;
  // Does it on a connection that is free. Where that breaks, on a new one, for so long; then INTERNAL.
  absl::StatusOr<Result> Read(const Work& work, std::chrono::milliseconds within);

  // A connection for one scan.
  absl::StatusOr<Connection> Open();

  // From now on another server is read.
  void Follow(ServerPlace place, ServerIdentity identity);

 private:
  absl::StatusOr<Connection> Take();
  void GiveBack(Connection connection, uint64_t generation);
  uint64_t generation();

  static constexpr int kMost = 16;
  std::mutex mutex_;
  std::condition_variable freed_;
  ServerPlace place_;
  ServerIdentity identity_;
  uint64_t generation_ = 0;  // of the server; connections of earlier ones are not used again
  int in_use_ = 0;
  std::vector<Connection> idle_;
};

}  // namespace labrec::recovery::postgres
