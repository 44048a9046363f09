#include "recovery/store/sqlite/connection.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
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

// Whether there is a log with anything in it.
bool HasLog(const std::filesystem::path& path) {
  struct stat found {};
  return stat((path.string() + "-wal").c_str(), &found) == 0 && found.st_size > 0;
}

// The file by a name that has SQLite look at it alone: no lock, no log, no index, nothing made.
std::string NameAsItIs(const std::filesystem::path& path) {
  std::string name = "file:";
  for (const char c : path.string()) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '.' || c == '-';
    absl::StrAppend(&name, plain ? std::string(1, c)
                                 : absl::StrCat("%", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2)));
  }
  return name + "?immutable=1";
}

absl::StatusOr<Database> OpenFile(const std::filesystem::path& path, const std::string& name, int flags) {
  sqlite3* raw = nullptr;
  flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code == SQLITE_OK) return database;
  return SqliteError(raw, code, absl::StrCat("opening ", path.string()).c_str());
}

absl::Status SetUp(sqlite3* database) {
  sqlite3_busy_timeout(database, kBusyMillis);
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kLongestValue);
  for (const int off : {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW}) {
    sqlite3_db_config(database, off, 0, nullptr);
  }
  for (const int on : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE}) {
    sqlite3_db_config(database, on, 1, nullptr);
  }
  const int code = sqlite3_exec(database, kSettings, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(database, code, "opening the database");
}

absl::Status CheckUsable(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  const int why = errno;
  if (file >= 0) close(file);
  if (file >= 0 || why == ENOENT) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot open ", path.string(), ": ", std::strerror(why),
                   "; it belongs to the database beside it: give it the same owner and mode 0600"));
}

}  // namespace

absl::Status Execute(sqlite3* database, const char* sql) {
  const int code = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(database, code, sql);
}

absl::StatusOr<int64_t> PragmaValue(sqlite3* database, const char* pragma) {
  Statement statement(database, pragma);
  DoneGuard done(statement);
  LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
  return found ? statement.Integer(0) : 0;
}

absl::StatusOr<Database> OpenDatabase(const std::filesystem::path& path, Access access) {
  if (access == Access::kRead && !HasLog(path)) return OpenAlone(path);
  const int flags = access == Access::kWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  LABREC_ASSIGN_OR_RETURN(Database database, OpenFile(path, path.string(), flags));
  LABREC_RETURN_IF_ERROR(SetUp(database.get()));
  return database;
}

absl::StatusOr<Database> OpenAlone(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(Database database,
                          OpenFile(path, NameAsItIs(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI));
  LABREC_RETURN_IF_ERROR(SetUp(database.get()));
  return database;
}

absl::Status UseLog(sqlite3* database) {
  std::string mode;
  auto keep = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  const int code = sqlite3_exec(database, "PRAGMA journal_mode=WAL", keep, &mode, nullptr);
  if (code != SQLITE_OK) return SqliteError(database, code, "switching the database to its write-ahead log");
  if (mode != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat("the file system cannot hold a database with a write-ahead log (journal mode stays '",
                     mode, "'): put it on a local disk"));
  }
  sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return absl::OkStatus();
}

absl::Status CheckFiles(const std::filesystem::path& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) == 0 && found.st_size == 0) {
    return absl::DataLossError(
        absl::StrCat(path.string(),
                     " is empty: nothing was done, and a -wal beside it is left; put the latest copy back"));
  }
  const std::string journal = path.string() + "-journal";
  if (lstat(journal.c_str(), &found) == 0) {
    return absl::DataLossError(absl::StrCat(
        journal,
        ": no program of ours leaves one, and SQLite would change the database by it: move it away"));
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    LABREC_RETURN_IF_ERROR(CheckUsable(path.string() + suffix));
  }
  return absl::OkStatus();
}

bool OutOfRoom(sqlite3* database, int code, DatabaseFile which) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if (code != SQLITE_IOERR_WRITE) return false;
  const int pointer = which == DatabaseFile::kMain ? SQLITE_FCNTL_FILE_POINTER : SQLITE_FCNTL_JOURNAL_POINTER;
  sqlite3_file* file = nullptr;
  int error = 0;
  if (sqlite3_file_control(database, "main", pointer, &file) != SQLITE_OK || file == nullptr) return false;
  if (file->pMethods == nullptr) return false;
  if (file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK) return false;
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

}  // namespace labrec::recovery
