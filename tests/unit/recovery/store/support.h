#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "hsm/base/encoding.h"
#include "recovery/ledger/bucket.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/temporary_folder.h"

namespace labrec::recovery {

inline Digest KeyOf(uint32_t number) {
  return Sha256(Writer().U32(number).bytes());
}

inline HeadRow HeadAt(uint64_t epoch) {
  HeadRow head;
  head.epoch = epoch;
  head.root = KeyOf(static_cast<uint32_t>(epoch));
  head.realm_id = Bytes(16, 0x52);
  head.bucket_exponent = 16;
  head.records = epoch * 3;
  head.discontinuities = 1;
  head.evidence = Bytes(32, static_cast<uint8_t>(epoch));
  return head;
}

inline bool operator==(const HeadRow& a, const HeadRow& b) {
  return a.epoch == b.epoch && a.root == b.root && a.realm_id == b.realm_id &&
         a.bucket_exponent == b.bucket_exponent && a.records == b.records &&
         a.discontinuities == b.discontinuities && a.evidence == b.evidence;
}

inline RowWrite Row(uint32_t bucket, uint32_t key, std::optional<Bytes> content) {
  return {{bucket, KeyOf(key)}, std::move(content)};
}

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
