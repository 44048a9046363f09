#include "recovery/store/sqlite/connection.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

constexpr int kBusyMillis = 1000;
constexpr int kLongestValue = 64 << 20;  // a bucket's directory of a million rows

// Each of them holds for this connection alone.
constexpr const char* kSettings =
    "PRAGMA synchronous=FULL;"
    "PRAGMA secure_delete=ON;"
    "PRAGMA cache_spill=OFF;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA wal_autocheckpoint=0;"  // LogEraser does it
    "PRAGMA trusted_schema=OFF;";

// The journal mode after asking for WAL, which stays in the file.
absl::Status DemandWal(sqlite3* database) {
  std::string mode;
  auto keep = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  const int code = sqlite3_exec(database, "PRAGMA journal_mode=WAL", keep, &mode, nullptr);
  if (code != SQLITE_OK) return SqliteError(database, code, "switching the database to its write-ahead log");
  if (mode == "wal") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the file system cannot hold a database with a write-ahead log (journal mode stays '",
                   mode, "'): put it on a local disk"));
}

}  // namespace

absl::Status Execute(sqlite3* database, const char* sql) {
  const int code = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(database, code, sql);
}

absl::StatusOr<Database> OpenDatabase(const std::filesystem::path& path) {
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return SqliteError(raw, code, absl::StrCat("opening ", path.string()).c_str());
  sqlite3_busy_timeout(raw, kBusyMillis);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kLongestValue);
  for (const int off : {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW}) {
    sqlite3_db_config(raw, off, 0, nullptr);
  }
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  LABREC_RETURN_IF_ERROR(Execute(raw, kSettings));
  LABREC_RETURN_IF_ERROR(DemandWal(raw));
  return database;
}

}  // namespace labrec::recovery
