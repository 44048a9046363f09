#include <sqlite3.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tests/integration/ledger/support.h"

namespace labrec::recovery {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

// A value in the database, and how to reach it.
struct Cell {
  std::string table, column, where;
  std::string Set(ByteView value) const {
    return absl::StrCat("UPDATE ", table, " SET ", column, "=X'", Hex(value), "' WHERE ", where);
  }
  std::string Set(int64_t value) const {
    return absl::StrCat("UPDATE ", table, " SET ", column, "=", value, " WHERE ", where);
  }
};

// The cell as hexadecimal digits of a blob, or as the decimal digits of a number.
std::string Look(const std::filesystem::path& file, const Cell& cell) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  std::string value;
  auto keep = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) = values[0];
    return 0;
  };
  const std::string sql =
      absl::StrCat("SELECT CASE typeof(", cell.column, ") WHEN 'blob' THEN hex(", cell.column, ") ELSE ",
                   cell.column, " END FROM ", cell.table, " WHERE ", cell.where);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), keep, &value, nullptr), SQLITE_OK) << sql;
  sqlite3_close(database);
  return value;
}

Bytes LookBlob(const std::filesystem::path& file, const Cell& cell) {
  return *FromHex(Look(file, cell));
}

class DamageTest : public LedgerTest {
 protected:
  void SetUp() override {
    LedgerTest::SetUp();
    Create();
    Fill();
  }

  // What a start says to the database in `image` with this done to it. The device is opened once.
  absl::Status Start(const Image& image, const std::string& sql) {
    if (start_device_ == nullptr) {
      LABREC_ASSIGN_OR_RETURN(start_device_, device_->Open());
    }
    RestoreAt(image, copy_path());
    if (!sql.empty()) Meddle(copy_path(), sql);
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, OpenSqliteStore(copy_path()));
    return Ledger::Open(*store, *start_device_->freshness_anchor(), kRealm).status();
  }

  // Every byte of the cell, flipped, makes a start fail with one of these words in its message.
  void EveryByteCounts(const Image& image, const Cell& cell, const testing::Matcher<std::string>& message) {
    Bytes value = LookBlob(path(), cell);
    ASSERT_FALSE(value.empty());
    for (size_t i = 0; i < value.size(); ++i) {
      value[i] ^= static_cast<uint8_t>(1U << (i % 8));
      const absl::Status refused = Start(image, cell.Set(value));
      ASSERT_FALSE(refused.ok()) << cell.table << "." << cell.column << " byte " << i;
      ASSERT_THAT(refused.ToString(), message);
      value[i] ^= static_cast<uint8_t>(1U << (i % 8));
    }
  }

  // Does this to the running ledger's database, and undoes it, with a look in between.
  void Between(const std::string& sql, const std::string& undo, const std::function<void()>& look) {
    Meddle(path(), sql);
    look();
    Meddle(path(), undo);
  }
  void ReadIsRefused(uint32_t bucket, uint32_t key, const std::string& message) {
    const auto row = Read(bucket, key);
    ASSERT_TRUE(absl::IsDataLoss(row.status())) << row.status();
    ASSERT_THAT(row.status().ToString(), HasSubstr(message));
  }

  static std::string RowsWhere(uint32_t bucket, uint32_t key) {
    return absl::StrCat("bucket=", bucket, " AND key=X'", Hex(KeyOf(key)), "'");
  }
  std::filesystem::path copy_path() const { return folder_.path() / "copy.db"; }
  std::unique_ptr<hsm::Device> start_device_;
};
INSTANTIATE_TEST_SUITE_P(Devices, DamageTest, testing::Values("swtpm", "softhsm2"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(DamageTest, EveryByteOfTheHeadCounts) {
  const Image image = Copy();
  Stop();
  const Cell root{"head", "root", "id=0"};
  EveryByteCounts(image, root, HasSubstr("forged: the head row"));
  EveryByteCounts(image, {"head", "evidence", "id=0"}, HasSubstr("forged: the head row"));
  EveryByteCounts(image, {"head", "realm_id", "id=0"}, HasSubstr("belongs to realm"));
  for (const char* column : {"epoch", "bucket_exponent", "records", "discontinuities"}) {
    const Cell cell{"head", column, "id=0"};
    const int64_t value = std::stoll(Look(path(), cell));
    for (int bit = 0; bit < 64; bit += 7) {
      const auto flipped = static_cast<int64_t>(static_cast<uint64_t>(value) ^ (uint64_t{1} << bit));
      const absl::Status refused = Start(image, cell.Set(flipped));
      ASSERT_TRUE(absl::IsDataLoss(refused)) << column << " bit " << bit << " " << refused;
      ASSERT_THAT(refused.ToString(), AnyOf(HasSubstr("forged"), HasSubstr("rolled back by"),
                                            HasSubstr("ahead of the device"), HasSubstr("stands where")));
    }
  }
  EXPECT_FALSE(Start(image, "DELETE FROM head").ok());
  const absl::Status intact = Start(image, "");
  EXPECT_TRUE(intact.ok()) << intact;
}

TEST_P(DamageTest, EveryByteOfTheBucketDigestsCounts) {
  const Image image = Copy();
  Stop();
  for (uint32_t bucket = 0; bucket < 4; ++bucket) {
    EveryByteCounts(
        image, {"bucket_digests", "digest", absl::StrCat("bucket=", bucket)},
        HasSubstr(absl::StrCat("edited: the bucket digests do not make up the head's root: the digest "
                               "does not fit the directory of bucket ",
                               bucket)));
  }
  EXPECT_THAT(Start(image, "DELETE FROM bucket_digests WHERE bucket=2").ToString(), HasSubstr("of bucket 2"));
  EXPECT_THAT(Start(image, "UPDATE bucket_digests SET bucket=4 WHERE bucket=2").ToString(),
              HasSubstr("digest of a bucket 4"));
  EXPECT_THAT(Start(image, "UPDATE bucket_digests SET digest=X'00' WHERE bucket=2").ToString(),
              HasSubstr("a digest of 1 bytes"));
  EXPECT_THAT(Start(image,
                    "UPDATE bucket_digests SET bucket=bucket+10 WHERE bucket<2;"
                    "UPDATE bucket_digests SET bucket=11-bucket WHERE bucket>=10")
                  .ToString(),
              HasSubstr("of bucket 0, 1;"));
  const absl::Status intact = Start(image, "");
  EXPECT_TRUE(intact.ok()) << intact;
}

// A bucket with everything in it of an earlier time: its digest fits its directory, and not the root.
TEST_P(DamageTest, AWholeOlderBucketIsFoundAtStart) {
  const Cell digest{"bucket_digests", "digest", "bucket=1"};
  const Cell entries{"directories", "entries", "bucket=1"};
  const Bytes old_digest = LookBlob(path(), digest);
  const Bytes old_entries = LookBlob(path(), entries);
  ASSERT_TRUE(Commit({Put(1, 10, Bytes(40, 99))}).ok());
  const Image image = Copy();
  Stop();
  const std::string both = absl::StrCat(digest.Set(old_digest), ";", entries.Set(old_entries));
  EXPECT_THAT(Start(image, both).ToString(), HasSubstr("whole buckets are of another time"));
}

TEST_P(DamageTest, EveryByteOfADirectoryIsFoundAtItsFirstUse) {
  for (uint32_t bucket = 0; bucket < 4; ++bucket) {
    const Cell cell{"directories", "entries", absl::StrCat("bucket=", bucket)};
    const Bytes entries = LookBlob(path(), cell);
    ASSERT_EQ(entries.size(), 128U);
    for (size_t i = 0; i < entries.size(); ++i) {
      Bytes flipped = entries;
      flipped[i] ^= 0x10;
      Between(cell.Set(flipped), cell.Set(entries), [&] {
        const std::string message = absl::StrCat("the directory of bucket ", bucket, " is not the one");
        ReadIsRefused(bucket, 10 * bucket, message);
        ReadIsRefused(bucket, 12345, message);
        const absl::Status staged = Commit({Put(bucket, 10 * bucket, Bytes(1))});
        ASSERT_THAT(staged.ToString(), HasSubstr(message));
        ASSERT_TRUE(Read((bucket + 1) % 4, 10 * ((bucket + 1) % 4)).ok()) << "the others are served";
      });
    }
    EXPECT_TRUE(Read(bucket, 10 * bucket).ok());
  }
  const absl::Status after = Commit({Put(1, 10, Bytes(1))});
  EXPECT_TRUE(after.ok()) << "refusals of one bucket stop nothing else: " << after;
}

TEST_P(DamageTest, EveryByteOfARowIsFoundAtItsFirstUse) {
  for (const uint32_t key : {0U, 11U, 30U}) {
    const uint32_t bucket = key / 10;
    const Cell slot{"rows", "slot", RowsWhere(bucket, key)};
    const Cell cell{"slots", "content", absl::StrCat("slot=", Look(path(), slot))};
    const Bytes content = LookBlob(path(), cell);
    ASSERT_EQ(content.size(), 40U);
    for (size_t i = 0; i < content.size(); ++i) {
      Bytes flipped = content;
      flipped[i] ^= 0x01;
      Between(cell.Set(flipped), cell.Set(content), [&] {
        ReadIsRefused(bucket, key,
                      absl::StrCat("row ", Hex(KeyOf(key)), " of bucket ", bucket, " does not hold what"));
        ASSERT_TRUE(Read(bucket, bucket * 10 + (key + 1) % 2).ok()) << "its neighbour is served";
      });
    }
    for (const Bytes& other : {Bytes(), Bytes(39, content[0]), Bytes(41, content[0])}) {
      Between(cell.Set(other), cell.Set(content), [&] { ReadIsRefused(bucket, key, "does not hold what"); });
    }
  }
}

TEST_P(DamageTest, SwappedMissingAndForeignRowsAreFoundAtTheirFirstUse) {
  const Cell first{"rows", "slot", RowsWhere(1, 10)};
  const Cell second{"rows", "slot", RowsWhere(2, 20)};
  const int64_t first_slot = std::stoll(Look(path(), first));
  const int64_t second_slot = std::stoll(Look(path(), second));
  Between(absl::StrCat(first.Set(second_slot), ";", second.Set(first_slot)),
          absl::StrCat(first.Set(first_slot), ";", second.Set(second_slot)), [&] {
            ReadIsRefused(1, 10, "does not hold what");
            ReadIsRefused(2, 20, "does not hold what");
            EXPECT_TRUE(Read(1, 11).ok());
          });
  const Cell key{"rows", "key", RowsWhere(1, 10)};
  const Cell changed{"rows", "key", RowsWhere(1, 77)};
  Between(key.Set(KeyOf(77)), changed.Set(KeyOf(10)), [&] {
    ReadIsRefused(1, 10, "is missing");
    EXPECT_EQ(*Read(1, 77), std::nullopt) << "no row that the ledger does not know is ever served";
  });
  Between(first.Set(int64_t{999}), first.Set(first_slot), [&] { ReadIsRefused(1, 10, "is missing"); });
  EXPECT_TRUE(Read(1, 10).ok());
}

}  // namespace
}  // namespace labrec::recovery
