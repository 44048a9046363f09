#include "tools/mailbox/server/mailbox_database.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::mailbox {
namespace {

using recovery::Database;
using recovery::Execute;
using recovery::FileLock;
using recovery::Statement;

constexpr int64_t kApplicationId = 0x4C614D62;  // "LaMb"
constexpr int64_t kVersion = 1;

// A mailbox's number stands for its name everywhere else. `kind` of a blob: a bundle (1) or an invitation
// (2).
constexpr char kTables[] =
    "CREATE TABLE mailbox(number INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE epoch(mailbox INTEGER, sequence INTEGER, id BLOB NOT NULL, opening BLOB NOT NULL,"
    " backward_edge BLOB NOT NULL, members_version INTEGER NOT NULL, messages INTEGER NOT NULL,"
    " PRIMARY KEY(mailbox, sequence)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE member(mailbox INTEGER, sequence INTEGER, id BLOB, entry BLOB NOT NULL, delivery BLOB,"
    " PRIMARY KEY(mailbox, sequence, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE message(mailbox INTEGER, sequence INTEGER, position INTEGER, id BLOB NOT NULL,"
    " thread BLOB NOT NULL, timestamp_ms INTEGER NOT NULL, sealed BLOB NOT NULL,"
    " PRIMARY KEY(mailbox, sequence, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE blob(mailbox INTEGER, kind INTEGER, id BLOB, content BLOB NOT NULL,"
    " PRIMARY KEY(mailbox, kind, id)) STRICT, WITHOUT ROWID;";

absl::StatusOr<int64_t> Number(sqlite3* database, const char* sql) {
  Statement statement(database, sql);
  const recovery::DoneGuard done(statement);
  LABREC_ASSIGN_OR_RETURN(const bool found, statement.Next());
  return found ? statement.Integer(0) : 0;
}

absl::Status PrepareSchema(sqlite3* database) {
  LABREC_ASSIGN_OR_RETURN(const int64_t id, Number(database, "PRAGMA application_id"));
  LABREC_ASSIGN_OR_RETURN(const int64_t version, Number(database, "PRAGMA user_version"));
  LABREC_ASSIGN_OR_RETURN(const int64_t tables, Number(database, "SELECT count(*) FROM sqlite_schema"));
  if (id == kApplicationId && version == kVersion) return absl::OkStatus();
  if (id != 0 || version != 0 || tables != 0) {
    return absl::FailedPreconditionError(
        "the file is a database, but not this version's of labyrinth-mailboxd: check the path");
  }
  const std::string sql = absl::StrCat("BEGIN IMMEDIATE;", kTables, "PRAGMA application_id=", kApplicationId,
                                       ";PRAGMA user_version=", kVersion, ";COMMIT");
  return Execute(database, sql.c_str());
}

// Makes the file where there is none. A log without its file is somebody's mailboxes: SQLite would delete it.
absl::Status MakeFile(const std::filesystem::path& path) {
  std::error_code error;
  const std::string log = path.string() + "-wal";
  const bool has_log = std::filesystem::exists(log, error) && !std::filesystem::is_empty(log, error);
  if (has_log && !std::filesystem::exists(path, error)) {
    return absl::DataLossError(absl::StrCat(log, " is there, but not ", path.string(),
                                            ", to which it belongs: put both back, or move it away"));
  }
  if (has_log) return recovery::CheckFiles(path);
  const absl::Status made = WriteFile(path, {}, 0600, Overwrite::kRefuse);
  return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MailboxDatabase>> MailboxDatabase::Open(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(FileLock lock, FileLock::Take(path.string() + ".lock"));
  LABREC_RETURN_IF_ERROR(MakeFile(path));
  LABREC_ASSIGN_OR_RETURN(Database connection, recovery::OpenDatabase(path));
  LABREC_RETURN_IF_ERROR(recovery::UseLog(connection.get()));
  LABREC_RETURN_IF_ERROR(Execute(connection.get(), "PRAGMA wal_autocheckpoint=1000"));
  LABREC_RETURN_IF_ERROR(PrepareSchema(connection.get()));
  return std::unique_ptr<MailboxDatabase>(new MailboxDatabase(std::move(lock), std::move(connection)));
}

absl::StatusOr<Transaction> Transaction::Begin(sqlite3* database) {
  LABREC_RETURN_IF_ERROR(Execute(database, "BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) Execute(database_, "ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  LABREC_RETURN_IF_ERROR(Execute(database_, "COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace labrec::mailbox
