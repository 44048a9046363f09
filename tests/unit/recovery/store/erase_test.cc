#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/process/folder_watch.h"
#include "tests/unit/recovery/store/support.h"

namespace labrec::recovery {
namespace {

// 32 bytes that stand nowhere by chance: what an erased nonce is.
Digest Canary(uint32_t number) {
  return Sha256(Writer().Lp("canary").U32(number).bytes());
}

// A row of `size` bytes with the canary in many places, so that any page it ever touched holds a whole one.
Bytes RowWith(const Digest& canary, size_t size) {
  Bytes content;
  while (content.size() + canary.size() <= size) content.insert(content.end(), canary.begin(), canary.end());
  content.resize(size, 0xEE);
  return content;
}

// Every byte of every file in the folder.
Bytes AllFiles(const std::filesystem::path& folder) {
  Bytes all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.insert(all.end(), std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

// The canaries among `numbers` whose first eight bytes are found in `haystack`.
std::set<uint32_t> Found(const Bytes& haystack, const std::set<uint32_t>& numbers) {
  std::map<uint64_t, uint32_t> needles;
  for (uint32_t number : numbers) needles[Reader(Canary(number)).U64()] = number;
  std::set<uint32_t> found;
  uint64_t window = 0;
  for (uint8_t byte : haystack) {
    window = window << 8 | byte;
    if (const auto at = needles.find(window); at != needles.end()) found.insert(at->second);
  }
  return found;
}

class SqliteEraseTest : public SqliteStoreTest {
 protected:
  void Write(uint32_t row, std::optional<Bytes> content) {
    StoreBatch batch;
    batch.rows = {Row(row % 3, row, std::move(content))};
    batch.head = HeadAt(++epoch_);
    ASSERT_TRUE(store_->Write(batch).ok());
  }
  // Waits until the canary is in no file.
  bool IsErased(uint32_t number) {
    const auto folder = test::FolderWatch::On(folder_.path());
    return folder.ok() &&
           (*folder)->WaitUntil([&] { return Found(AllFiles(folder_.path()), {number}).empty(); },
                                std::chrono::seconds(20));
  }
  void RunARandomHistory();
  uint64_t epoch_ = 0;
};

TEST_F(SqliteEraseTest, AReplacedNonceIsInNoFile) {
  Write(1, RowWith(Canary(1), 2000));
  EXPECT_EQ(Found(AllFiles(folder_.path()), {1}), (std::set<uint32_t>{1}));
  Write(1, RowWith(Canary(2), 2000));
  EXPECT_EQ(Found(AllFiles(folder_.path()), {1, 2}), (std::set<uint32_t>{1, 2})) << "the log still holds it";
  ASSERT_TRUE(store_->EraseOldVersions().ok());
  EXPECT_EQ(Found(AllFiles(folder_.path()), {1, 2}), (std::set<uint32_t>{2}));
}

TEST_F(SqliteEraseTest, ClosingErases) {
  Write(1, RowWith(Canary(1), 2000));
  Write(1, std::nullopt);
  store_.reset();
  EXPECT_TRUE(Found(AllFiles(folder_.path()), {1}).empty());
}

TEST_F(SqliteEraseTest, ErasesByItselfSoonAfterABatch) {
  Open({.erase_after = std::chrono::milliseconds(20)});
  Write(1, RowWith(Canary(1), 2000));
  Write(1, RowWith(Canary(2), 2000));
  EXPECT_TRUE(IsErased(1));
}

TEST_F(SqliteEraseTest, ALargeLogIsEmptiedBeforeItsTime) {
  Open({.erase_after = std::chrono::hours(1), .log_pages_limit = 50});
  for (uint32_t i = 1; i <= 60; ++i) Write(1, RowWith(Canary(i), 9000));
  EXPECT_TRUE(IsErased(1));
}

// A reader in the midst of a scan keeps the log; writing goes on, and the log goes when the reader has ended.
TEST_F(SqliteEraseTest, ALongReadDelaysErasingAndNothingElse) {
  Write(1, RowWith(Canary(1), 2000));
  const absl::Status scan = store_->ForEachRow([&](const RowAddress&, ByteView) {
    Write(1, RowWith(Canary(2), 2000));
    EXPECT_TRUE(absl::IsUnavailable(store_->EraseOldVersions()));
    Write(1, RowWith(Canary(3), 2000));
    return absl::OkStatus();
  });
  EXPECT_TRUE(scan.ok()) << scan;
  ASSERT_TRUE(store_->EraseOldVersions().ok());
  EXPECT_EQ(Found(AllFiles(folder_.path()), {1, 2, 3}), (std::set<uint32_t>{3}));
}

// Rows of many sizes come, change and go in random order; SQLite splits and merges pages as it likes. At the
// end, and now and then between, no file holds anything but the contents that are current.
TEST_F(SqliteEraseTest, NoOldVersionSurvivesARandomHistory) {
  RunARandomHistory();
}

// Files that earlier releases made have pages of 4 KiB and keep them; where the log's dead part begins goes
// by that.
TEST_F(SqliteEraseTest, NoneSurvivesInAFileOfAnEarlierRelease) {
  store_.reset();
  Meddle("PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM; PRAGMA journal_mode=WAL");
  Open();
  RunARandomHistory();
  store_.reset();
  std::ifstream file(path(), std::ios::binary);
  char header[18] = {};
  ASSERT_TRUE(file.read(header, sizeof header));
  EXPECT_EQ(header[16] * 256 + header[17], 4096);
}

void SqliteEraseTest::RunARandomHistory() {
  std::mt19937 random(5);
  std::map<uint32_t, uint32_t> current;  // row -> canary
  std::set<uint32_t> all;
  const size_t sizes[] = {64, 96, 160, 700, 1500, 1500, 4000, 4100, 9000};
  uint32_t next = 1;
  for (int step = 1; step <= 120; ++step) {
    StoreBatch batch;
    batch.head = HeadAt(++epoch_);
    std::set<uint32_t> touched;
    for (int i = 0; i < 25; ++i) {
      const uint32_t row = static_cast<uint32_t>(random() % 400);
      if (!touched.insert(row).second) continue;
      if (random() % 5 == 0) {
        batch.rows.push_back(Row(row % 3, row, std::nullopt));
        current.erase(row);
        continue;
      }
      batch.rows.push_back(Row(row % 3, row, RowWith(Canary(next), sizes[random() % std::size(sizes)])));
      current[row] = next;
      all.insert(next++);
    }
    ASSERT_TRUE(store_->Write(batch).ok());
    if (step % 30 != 0) continue;
    ASSERT_TRUE(store_->EraseOldVersions().ok());
    std::set<uint32_t> alive;
    for (const auto& [row, canary] : current) alive.insert(canary);
    ASSERT_EQ(Found(AllFiles(folder_.path()), all), alive) << "step " << step;
  }
}

// After the log was overwritten, new batches must survive a crash: they stand in a log with a header of its
// own.
TEST_F(SqliteEraseTest, BatchesAfterErasingSurviveACrash) {
  Write(1, RowWith(Canary(1), 2000));
  ASSERT_TRUE(store_->EraseOldVersions().ok());
  Write(1, RowWith(Canary(2), 2000));
  const std::filesystem::path after = folder_.path() / "after-crash";
  std::filesystem::create_directory(after);
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy_file(path().string() + suffix, (after / "realm.db").string() + suffix);
  }
  auto crashed = OpenSqliteStore(after / "realm.db");
  ASSERT_TRUE(crashed.ok()) << crashed.status();
  EXPECT_EQ((*(*crashed)->ReadHead())->epoch, 2U);
  EXPECT_EQ(*(*crashed)->ReadRow({1, KeyOf(1)}), RowWith(Canary(2), 2000));
}

}  // namespace
}  // namespace labrec::recovery
