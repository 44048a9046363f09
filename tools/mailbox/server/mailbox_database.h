#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"

#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/file_lock.h"

namespace labrec::mailbox {

// The server's SQLite file: all mailboxes, in five tables that docs/labyrinth.md describes. One process, one
// connection, one user at a time: whoever works on it holds `mutex`. A commit has reached the disk when it
// returns.
class MailboxDatabase {
 public:
  // Makes the file (mode 0600) where it is not there. FAILED_PRECONDITION if another process has it or it is
  // something else's; SQLite's errors.
  static absl::StatusOr<std::unique_ptr<MailboxDatabase>> Open(const std::filesystem::path& path);

  std::mutex mutex;
  sqlite3* connection() const { return connection_.get(); }

 private:
  MailboxDatabase(recovery::FileLock lock, recovery::Database connection)
      : lock_(std::move(lock)), connection_(std::move(connection)) {}

  recovery::FileLock lock_;
  recovery::Database connection_;
};

// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(sqlite3* database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  // Durable when it returns OK.
  absl::Status Commit();

 private:
  explicit Transaction(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

}  // namespace labrec::mailbox
