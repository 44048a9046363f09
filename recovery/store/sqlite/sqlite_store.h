#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/store.h"

namespace labrec::recovery {

struct SqliteOptions {
  enum class Open {
    kExisting,         // NOT_FOUND if there is no file
    kCreateIfMissing,  // makes the file, mode 0600, where there is none
    kReadOnly,         // as kExisting, and neither the file nor its log is ever changed
  };
  Open open = Open::kExisting;
  // How long after a batch the old versions of its rows are gone from the files. It takes a little longer
  // while a reader is in the way. When the store is closed they always go.
  std::chrono::milliseconds erase_after{5000};
  // The write-ahead log is emptied earlier when it has grown to this many pages of 8 KiB.
  int log_pages_limit = 8192;
};

// A ledger's rows in one SQLite file (docs/formats.md, "Storage"), with its log `path`-wal and its index
// `path`-shm beside it, and a lock file `path`.lock that keeps a second process out.
//
// Erasing: whatever a batch replaces or removes is overwritten in the database file with zeros or with its
// successor, in place (docs/ledger.md, "Erasing"), and the log is overwritten with zeros by a thread of the
// store. Not promised: what the file system or the disk below keep of overwritten blocks, and backups.
//
// Looking changes nothing: until MakeDurable or the first Write, file and log are as they were found, also
// when the store is closed. Whoever put an old file beside a newer log, or the other way round, can still put
// it right.
//
// On a full disk Write is ABORTED, and works again when there is room.
//
// After an error that leaves open whether something reached the disk, every later Write fails: the process
// must end. Threads: as Store; what this class adds, from any thread.
class SqliteStore : public Store {
 public:
  // Empties the write-ahead log into the database file and overwrites it, now. UNAVAILABLE: a long read was
  // in the way, RESOURCE_EXHAUSTED: the disk is full; it is tried again later by itself. Any other error: the
  // process must end.
  virtual absl::Status EraseOldVersions() = 0;

  // Writes a consistent copy of the database, as of one batch, to the new file `path` (mode 0600), while
  // everything goes on. ALREADY_EXISTS if there is a file. A copy holds what it holds: nothing in it is ever
  // erased.
  virtual absl::Status Snapshot(const std::filesystem::path& path) = 0;
};

// Opens the file and checks its schema. FAILED_PRECONDITION: another process has it open, it is of another
// version or no ledger at all, group or others may read it; NOT_FOUND: there is none; DATA_LOSS: it is empty,
// or SQLite finds it damaged, as it does where the log is another copy's.
absl::StatusOr<std::unique_ptr<SqliteStore>> OpenSqliteStore(const std::filesystem::path& path,
                                                             const SqliteOptions& options = {});

}  // namespace labrec::recovery
