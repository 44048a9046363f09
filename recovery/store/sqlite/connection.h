#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include <sqlite3.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labrec::recovery {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

enum class Access {
  kWrite,
  // Changes neither the file nor its log. SQLite's index (-shm) is made where a log has to be read.
  kRead,
};

// Opens an existing file with every setting this store relies on: a commit has reached the disk when it
// returns (synchronous=FULL), freed space is zeroed (secure_delete), nothing of a transaction is written
// before its commit (cache_spill off, temporary data in memory), triggers and views in an edited file never
// run. Nothing is changed yet, by closing neither: a log that lies beside the file is read as its end and
// left where it is. UseLog comes before the first change. The connection belongs to one thread at a time.
absl::StatusOr<Database> OpenDatabase(const std::filesystem::path& path, Access access = Access::kWrite);

// The file as it is without the log, for reading.
absl::StatusOr<Database> OpenAlone(const std::filesystem::path& path);

// From here on the database has its write-ahead log (the mode stays in the file), and whoever closes it last
// empties and removes it.
absl::Status UseLog(sqlite3* database);

// What SQLite would do harm to by merely opening it, before it is opened. DATA_LOSS: the file is empty, so
// that its log would be deleted, or a rollback journal lies beside it, which no program of ours leaves;
// FAILED_PRECONDITION: this user may not read and write the log or its index.
absl::Status CheckFiles(const std::filesystem::path& path);

// One or more SQL statements without results.
absl::Status Execute(sqlite3* database, const char* sql);
// The number that a pragma gives.
absl::StatusOr<int64_t> PragmaValue(sqlite3* database, const char* pragma);

enum class DatabaseFile { kMain, kLog };
// Whether `code` says that this file could not grow: the disk is full, a quota is used up, or the process may
// write no larger files. What was to be written is not there then. Asked right after the call that failed.
bool OutOfRoom(sqlite3* database, int code, DatabaseFile file);

}  // namespace labrec::recovery
