#include "tests/support/storage/storage.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/postgres/postgres_store.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/storage/postgres.h"

namespace labrec::test {
namespace {

using recovery::PostgresOptions;
using recovery::SqliteOptions;

Bytes Slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Spill(const Bytes& content, const std::filesystem::path& path) {
  std::ofstream(path, std::ios::binary) << AsText(content);
  std::filesystem::permissions(path,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

class SqliteStorage : public Storage {
 public:
  absl::StatusOr<std::unique_ptr<recovery::Store>> Open(const std::filesystem::path& file,
                                                        Ledger ledger) override {
    SqliteOptions options;
    if (ledger == Ledger::kNew) options.open = SqliteOptions::Open::kCreateIfMissing;
    return recovery::OpenSqliteStore(file, options);
  }

  Image Copy(const std::filesystem::path& file) override {
    return {Slurp(file), Slurp(file.string() + "-wal"), {}};
  }

  void Restore(const Image& image, const std::filesystem::path& file) override {
    Remove(file);
    Spill(image.database, file);
    if (!image.log.empty()) Spill(image.log, file.string() + "-wal");
  }

  void Remove(const std::filesystem::path& file) override {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
  }

  void Meddle(const std::filesystem::path& file, const std::string& sql) override {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    sqlite3_exec(database, "PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);  // an attacker is in a hurry
    char* message = nullptr;
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
    EXPECT_EQ(code, SQLITE_OK) << sql << ": " << (message == nullptr ? "" : message);
    EXPECT_GT(sqlite3_total_changes(database), 0) << "nothing changed: " << sql;
    sqlite3_free(message);
    sqlite3_close(database);
  }
};

class PostgresStorage : public Storage {
 public:
  absl::StatusOr<std::unique_ptr<recovery::Store>> Open(const std::filesystem::path& file,
                                                        Ledger ledger) override {
    LABREC_RETURN_IF_ERROR(Start());
    const std::string schema = SchemaOf(file);
    if (ledger == Ledger::kNew) {
      LABREC_RETURN_IF_ERROR(
          server_->Sql(absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", schema, " AUTHORIZATION labrec"))
              .status());
    }
    PostgresOptions options;
    options.url = server_->url(absl::StrCat("&options=-csearch_path%3D", schema));
    if (ledger == Ledger::kNew) options.open = PostgresOptions::Open::kCreateIfMissing;
    return recovery::OpenPostgresStore(std::move(options));
  }

  Image Copy(const std::filesystem::path& file) override {
    const std::string image = absl::StrCat("image_", ++images_);
    Run(absl::StrCat("CREATE SCHEMA ", image));
    for (const char* table : kTables) {
      Run(absl::StrCat("CREATE TABLE ", image, ".", table, " AS TABLE ", SchemaOf(file), ".", table));
    }
    return {{}, {}, image};
  }

  void Restore(const Image& image, const std::filesystem::path& file) override {
    // The tables of another ledger stay, empty: a store may hold their lock.
    const std::string schema = SchemaOf(file);
    std::string sql = absl::StrCat("CREATE SCHEMA IF NOT EXISTS ", schema, " AUTHORIZATION labrec;");
    for (const char* table : kTables) {
      absl::StrAppend(&sql, "CREATE TABLE IF NOT EXISTS ", schema, ".", table, " (LIKE realm.", table,
                      " INCLUDING ALL); ALTER TABLE ", schema, ".", table, " OWNER TO labrec; DELETE FROM ",
                      schema, ".", table, "; INSERT INTO ", schema, ".", table, " SELECT * FROM ",
                      image.schema, ".", table, ";");
    }
    Run(sql);
  }

  void Remove(const std::filesystem::path& file) override {
    if (server_ != nullptr) Run(absl::StrCat("DROP SCHEMA IF EXISTS ", SchemaOf(file), " CASCADE"));
  }

  void Meddle(const std::filesystem::path& file, const std::string& sql) override {
    Run(absl::StrCat("SET search_path = ", SchemaOf(file), "; ",
                     absl::StrReplaceAll(sql, {{" head", " labrec_head"}})));
  }

 private:
  static constexpr const char* kTables[] = {"labrec_head", "labrec_bucket", "labrec_row"};

  static std::string SchemaOf(const std::filesystem::path& file) { return file.stem().string(); }

  absl::Status Start() {
    if (server_ != nullptr) return absl::OkStatus();
    LABREC_ASSIGN_OR_RETURN(server_, PostgresServer::Start());
    return absl::OkStatus();
  }
  void Run(const std::string& sql) {
    const auto done = server_->Sql(sql);
    EXPECT_TRUE(done.ok()) << done.status();
  }

  std::unique_ptr<PostgresServer> server_;
  int images_ = 0;
};

}  // namespace

std::unique_ptr<Storage> Storage::Make(StorageKind kind) {
  if (kind == StorageKind::kSqlite) return std::make_unique<SqliteStorage>();
  return std::make_unique<PostgresStorage>();
}

}  // namespace labrec::test
