#include "tests/support/storage/database_editor.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sqlite3.h>

namespace labrec::test {
namespace {

void Require(bool ok, sqlite3* database, const std::string& what) {
  if (ok) return;
  std::fprintf(stderr, "%s: %s\n", what.c_str(), sqlite3_errmsg(database));
  std::abort();
}

// A prepared statement with what stands in its place.
class Prepared {
 public:
  Prepared(sqlite3* database, const std::string& sql) : database_(database), sql_(sql) {
    Require(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement_, nullptr) == SQLITE_OK, database, sql);
  }
  ~Prepared() { sqlite3_finalize(statement_); }
  bool Next() {
    const int code = sqlite3_step(statement_);
    Require(code == SQLITE_ROW || code == SQLITE_DONE, database_, sql_);
    return code == SQLITE_ROW;
  }
  sqlite3_stmt* get() { return statement_; }

 private:
  sqlite3* database_;
  std::string sql_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

DatabaseEditor::DatabaseEditor(const std::filesystem::path& path) {
  Require(sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK, database_,
          path.string());
}

DatabaseEditor::~DatabaseEditor() {
  sqlite3_close(database_);
}

void DatabaseEditor::Change(const std::string& sql) {
  Prepared statement(database_, sql);
  statement.Next();
  Require(sqlite3_changes(database_) == 1, database_, "not one row: " + sql);
}

std::vector<int64_t> DatabaseEditor::Numbers(const std::string& query) {
  Prepared statement(database_, query);
  std::vector<int64_t> numbers;
  while (statement.Next()) numbers.push_back(sqlite3_column_int64(statement.get(), 0));
  return numbers;
}

void DatabaseEditor::FlipBit(const std::string& table, const std::string& column, const std::string& where) {
  std::string blob;
  {
    Prepared select(database_, "SELECT " + column + " FROM " + table + " WHERE " + where);
    Require(select.Next(), database_, "no row: " + where);
    blob.assign(static_cast<const char*>(sqlite3_column_blob(select.get(), 0)),
                static_cast<size_t>(sqlite3_column_bytes(select.get(), 0)));
  }
  Require(!blob.empty(), database_, "empty blob");
  blob[blob.size() / 2] = static_cast<char>(blob[blob.size() / 2] ^ 1);
  Prepared update(database_, "UPDATE " + table + " SET " + column + " = ?1 WHERE " + where);
  sqlite3_bind_blob(update.get(), 1, blob.data(), static_cast<int>(blob.size()), SQLITE_TRANSIENT);
  update.Next();
  Require(sqlite3_changes(database_) == 1, database_, "not one row: " + where);
}

}  // namespace labrec::test
