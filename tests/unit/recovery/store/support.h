#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "recovery/ledger/bucket.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/unit/recovery/store/batches.h"

namespace labrec::recovery {

// A store in a folder of its own.
class SqliteStoreTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open(SqliteOptions options = {}) {
    store_.reset();
    options.open = SqliteOptions::Open::kCreateIfMissing;
    auto opened = OpenSqliteStore(path(), options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  // Runs SQL behind the store's back.
  void Meddle(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_free(message);
    sqlite3_close(database);
  }

  std::filesystem::path path() const { return folder_.path() / "realm.db"; }

  test::TemporaryFolder folder_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace labrec::recovery
