#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/recovery/store/support.h"

namespace labrec::recovery {
namespace {

std::map<std::pair<uint32_t, Digest>, Bytes> AllRows(Store& store) {
  std::map<std::pair<uint32_t, Digest>, Bytes> rows;
  std::pair<uint32_t, Digest> last{};
  const absl::Status status = store.ForEachRow([&](const RowAddress& address, ByteView content) {
    const std::pair here{address.bucket, address.key};
    EXPECT_TRUE(rows.empty() || last < here) << "not in order";
    last = here;
    rows[here] = ToBytes(content);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

TEST_F(SqliteStoreTest, ANewStoreHoldsNothing) {
  auto head = store_->ReadHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_FALSE(head->has_value());
  EXPECT_EQ(*store_->ReadRow({1, KeyOf(1)}), std::nullopt);
  EXPECT_EQ(*store_->ReadDirectory(1), Bytes());
  EXPECT_TRUE(AllRows(*store_).empty());
}

TEST_F(SqliteStoreTest, KeepsABatchOverReopening) {
  StoreBatch batch;
  batch.rows = {Row(7, 1, Bytes(100, 1)), Row(7, 2, Bytes(6000, 2)), Row(70000, 3, Bytes())};
  batch.buckets = {{7, KeyOf(9), Bytes(128, 4)}, {70000, KeyOf(10), Bytes(64, 5)}};
  batch.head = HeadAt(~uint64_t{0} - 1);
  ASSERT_TRUE(store_->Write(batch).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(**store_->ReadHead() == batch.head);
    EXPECT_EQ(*store_->ReadRow({7, KeyOf(1)}), Bytes(100, 1));
    EXPECT_EQ(*store_->ReadRow({7, KeyOf(2)}), Bytes(6000, 2));
    EXPECT_EQ(*store_->ReadRow({70000, KeyOf(3)}), Bytes());
    EXPECT_EQ(*store_->ReadRow({8, KeyOf(1)}), std::nullopt);
    EXPECT_EQ(*store_->ReadDirectory(7), Bytes(128, 4));
    Open();
  }
}

TEST_F(SqliteStoreTest, VisitsBucketDigestsInOrderAndStopsAtAnError) {
  StoreBatch batch;
  for (uint32_t bucket : {900U, 3U, 70U}) batch.buckets.push_back({bucket, KeyOf(bucket), Bytes(64, 1)});
  batch.head = HeadAt(1);
  ASSERT_TRUE(store_->Write(batch).ok());
  std::vector<uint32_t> seen;
  auto visit = [&](uint32_t bucket, const Digest& digest) {
    EXPECT_EQ(digest, KeyOf(bucket));
    seen.push_back(bucket);
    return seen.size() == 5 ? absl::CancelledError("enough") : absl::OkStatus();
  };
  EXPECT_TRUE(store_->ForEachBucketDigest(visit).ok());
  EXPECT_EQ(seen, (std::vector<uint32_t>{3, 70, 900}));
  EXPECT_TRUE(absl::IsCancelled(store_->ForEachBucketDigest(visit)));
  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(SqliteStoreTest, ABucketWithoutRowsIsForgotten) {
  StoreBatch batch;
  batch.buckets = {{3, KeyOf(3), Bytes(64, 1)}};
  batch.head = HeadAt(1);
  ASSERT_TRUE(store_->Write(batch).ok());
  batch.buckets = {{3, Digest{}, Bytes()}};
  ASSERT_TRUE(store_->Write(batch).ok());
  EXPECT_EQ(*store_->ReadDirectory(3), Bytes());
  EXPECT_TRUE(
      store_->ForEachBucketDigest([](uint32_t, const Digest&) { return absl::InternalError("one"); }).ok());
}

TEST_F(SqliteStoreTest, AgreesWithAMapOverRandomBatches) {
  std::mt19937 random(11);
  std::map<std::pair<uint32_t, Digest>, Bytes> expected;
  for (int batch_number = 1; batch_number <= 200; ++batch_number) {
    StoreBatch batch;
    batch.head = HeadAt(static_cast<uint64_t>(batch_number));
    std::map<uint32_t, bool> used;
    for (int i = 0; i < 8; ++i) {
      const uint32_t number = static_cast<uint32_t>(random() % 40);
      if (!used.emplace(number, true).second) continue;
      const uint32_t bucket = number % 5;
      const bool removes = random() % 4 == 0;
      Bytes content(std::array{10U, 200U, 3000U, 9000U}[random() % 4], static_cast<uint8_t>(random()));
      batch.rows.push_back(Row(bucket, number, removes ? std::nullopt : std::optional(content)));
      if (removes) {
        expected.erase({bucket, KeyOf(number)});
      } else {
        expected[{bucket, KeyOf(number)}] = content;
      }
    }
    ASSERT_TRUE(store_->Write(batch).ok());
    if (batch_number % 40 == 0) Open();
    ASSERT_EQ(AllRows(*store_), expected) << batch_number;
    EXPECT_EQ((*store_->ReadHead())->epoch, static_cast<uint64_t>(batch_number));
  }
}

// Whatever happens, a reader sees one batch or the next, and never waits for ever.
TEST_F(SqliteStoreTest, ReadersAndSnapshotsGoOnWhileBatchesAreWritten) {
  Open({.erase_after = std::chrono::milliseconds(5)});
  auto batch_of = [](uint8_t value) {
    StoreBatch batch;
    batch.head = HeadAt(value);
    for (uint32_t number = 0; number < 20; ++number) batch.rows.push_back(Row(0, number, Bytes(300, value)));
    return batch;
  };
  ASSERT_TRUE(store_->Write(batch_of(0)).ok());
  std::atomic<bool> stop = false;
  std::atomic<int> scans = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        Bytes first;
        const absl::Status status = store_->ForEachRow([&](const RowAddress&, ByteView content) {
          if (first.empty()) first = ToBytes(content);
          EXPECT_TRUE(SameBytes(first, content)) << "a scan saw two batches";
          return absl::OkStatus();
        });
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_TRUE(store_->ReadRow({0, KeyOf(3)}).ok());
        ++scans;
      }
    });
  }
  for (int i = 1; i <= 200; ++i) ASSERT_TRUE(store_->Write(batch_of(static_cast<uint8_t>(i))).ok());
  const auto copy = folder_.path() / "copy.db";
  EXPECT_TRUE(store_->Snapshot(copy).ok());
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(scans, 0);
  EXPECT_EQ(*store_->ReadRow({0, KeyOf(3)}), Bytes(300, 200));

  EXPECT_TRUE(absl::IsAlreadyExists(store_->Snapshot(copy)));
  auto opened = OpenSqliteStore(copy);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(**(*opened)->ReadHead() == HeadAt(200));
  EXPECT_EQ(AllRows(**opened), AllRows(*store_));
}

}  // namespace
}  // namespace labrec::recovery
