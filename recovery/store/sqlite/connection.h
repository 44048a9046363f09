#pragma once

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

// Opens an existing file with every setting this store relies on: a commit has reached the disk when it
// returns (WAL, synchronous=FULL), freed space is zeroed (secure_delete), nothing of a transaction is written
// before its commit (cache_spill off, temporary data in memory), triggers and views in an edited file never
// run. The connection belongs to one thread at a time.
absl::StatusOr<Database> OpenDatabase(const std::filesystem::path& path);

// One or more SQL statements without results.
absl::Status Execute(sqlite3* database, const char* sql);

}  // namespace labrec::recovery
