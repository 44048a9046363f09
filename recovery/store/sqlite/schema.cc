#include "recovery/store/sqlite/schema.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

constexpr int64_t kApplicationId = 0x4C615265;  // "LaRe"
constexpr int64_t kVersion = 1;

// In the order of their names.
constexpr const char* kTables[] = {
    "CREATE TABLE bucket_digests(bucket INTEGER PRIMARY KEY, digest BLOB NOT NULL) STRICT",
    "CREATE TABLE directories(bucket INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT",
    "CREATE TABLE free_slots(size INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY(size, slot)) "
    "STRICT, WITHOUT ROWID",
    "CREATE TABLE head(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, root BLOB NOT NULL, realm_id BLOB NOT "
    "NULL, "
    "bucket_exponent INTEGER NOT NULL, records INTEGER NOT NULL, discontinuities INTEGER NOT NULL, "
    "evidence BLOB NOT NULL) STRICT",
    "CREATE TABLE rows(bucket INTEGER NOT NULL, key BLOB NOT NULL, slot INTEGER NOT NULL, "
    "PRIMARY KEY(bucket, key)) STRICT, WITHOUT ROWID",
    "CREATE TABLE slots(slot INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT",
};

absl::StatusOr<std::vector<std::string>> TablesOf(sqlite3* database) {
  Statement statement(database, "SELECT CAST(sql AS BLOB) FROM sqlite_schema ORDER BY name");
  DoneGuard done(statement);
  std::vector<std::string> tables;
  while (true) {
    LABREC_ASSIGN_OR_RETURN(bool found, statement.Next());
    if (!found) return tables;
    tables.push_back(ToString(statement.Blob(0)));
  }
}

}  // namespace

absl::Status SetPageSize(sqlite3* database) {
  return Execute(database, "PRAGMA page_size=8192");
}

absl::Status MakeSchema(sqlite3* database) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const char* table : kTables) absl::StrAppend(&sql, table, ";");
  absl::StrAppend(&sql, "PRAGMA application_id=", kApplicationId, ";PRAGMA user_version=", kVersion,
                  ";COMMIT");
  return Execute(database, sql.c_str());
}

absl::Status CheckSchema(sqlite3* database) {
  LABREC_ASSIGN_OR_RETURN(const int64_t id, PragmaValue(database, "PRAGMA application_id"));
  LABREC_ASSIGN_OR_RETURN(const int64_t version, PragmaValue(database, "PRAGMA user_version"));
  LABREC_ASSIGN_OR_RETURN(const std::vector<std::string> tables, TablesOf(database));
  if (id != kApplicationId) {
    return absl::FailedPreconditionError(
        "the file is an SQLite database but not a recovery ledger: check the path");
  }
  if (version != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the ledger has schema version ", version, ", this program works with version ", kVersion, ": ",
        version > kVersion ? "use the newer program that wrote it"
                           : "this program cannot bring it up to date"));
  }
  if (tables != std::vector<std::string>(std::begin(kTables), std::end(kTables))) {
    return absl::DataLossError(
        "the ledger's tables are not those of schema version 1: the file was edited; restore it from a "
        "backup");
  }
  return absl::OkStatus();
}

absl::Status RewriteVersion(sqlite3* database) {
  return Execute(database, absl::StrCat("PRAGMA user_version=", kVersion).c_str());
}

}  // namespace labrec::recovery
