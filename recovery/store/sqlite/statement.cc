#include "recovery/store/sqlite/statement.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace labrec::recovery {
namespace {

absl::StatusCode CodeFor(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

// A log that belongs to another copy looks like that: its pages stand for others.
constexpr char kDamaged[] =
    "; the file is damaged, or the -wal beside it belongs to another copy: put back the two that belong "
    "together (a copy that was closed has none)";

}  // namespace

absl::Status SqliteError(sqlite3* database, int code, const char* doing) {
  std::string text = absl::StrCat(doing, ": ", sqlite3_errstr(code), " (SQLite code ", code);
  if (const int error = database == nullptr ? 0 : sqlite3_system_errno(database); error != 0) {
    absl::StrAppend(&text, ", ", std::strerror(error));
  }
  absl::StrAppend(&text, ")");
  if (CodeFor(code) == absl::StatusCode::kDataLoss) absl::StrAppend(&text, kDamaged);
  return absl::Status(CodeFor(code), text);
}

Statement::Statement(sqlite3* database, const char* sql) : database_(database) {
  const int code = sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) not_prepared_ = SqliteError(database, code, sql);
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::Bind(int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Statement& Statement::Bind(ByteView value) {
  // A null pointer would bind NULL rather than an empty blob.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindZeros(size_t size) {
  sqlite3_bind_zeroblob64(statement_, ++bound_, size);
  return *this;
}

absl::Status Statement::Run() {
  while (true) {
    absl::StatusOr<bool> more = Next();
    if (!more.ok()) return std::move(more).status();
    if (!*more) return absl::OkStatus();
  }
}

absl::StatusOr<bool> Statement::Next() {
  if (statement_ == nullptr) return not_prepared_;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  absl::Status status = code == SQLITE_DONE ? absl::OkStatus()
                                            : SqliteError(database_, sqlite3_extended_errcode(database_),
                                                          sqlite3_sql(statement_));
  Done();
  if (!status.ok()) return status;
  return false;
}

void Statement::Done() {
  if (statement_ == nullptr) return;  // SQLite forgives that in all calls but one
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

ByteView Statement::Blob(int column) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) return {};
  const void* data = sqlite3_column_blob(statement_, column);
  return {static_cast<const uint8_t*>(data), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

absl::StatusOr<Digest> Statement::DigestAt(int column) const {
  const ByteView bytes = Blob(column);
  Digest digest;
  if (bytes.size() != digest.size()) {
    return absl::DataLossError(absl::StrCat("a digest of ", bytes.size(), " bytes stands in the database ('",
                                            sqlite3_sql(statement_),
                                            "'): the file was edited or is damaged"));
  }
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace labrec::recovery
