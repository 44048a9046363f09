#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {

// A connection for reading, with its prepared statements.
struct ReadConnection {
  explicit ReadConnection(Database opened);
  Database database;
  Statement head, row, directory, digests, rows;
};

// Idle read connections; each is used by one thread at a time, and there are as many as threads ever read at
// once. Threads: any.
class ReaderPool {
 public:
  ReaderPool(std::filesystem::path path, Access access) : path_(std::move(path)), access_(access) {}

  // A connection that goes back to the pool when the lease ends. The pool outlives its leases.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<ReadConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    ReadConnection* operator->() const { return connection_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<ReadConnection> connection_;
  };
  absl::StatusOr<Lease> Take();

 private:
  const std::filesystem::path path_;
  const Access access_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ReadConnection>> idle_;
};

}  // namespace labrec::recovery
