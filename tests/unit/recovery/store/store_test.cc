#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/process/temporary_folder.h"
#include "tests/support/storage/storage.h"
#include "tests/unit/recovery/store/batches.h"

namespace labrec::recovery {
namespace {

// What every engine does. A store of either, in a place of its own.
class StoreTest : public testing::TestWithParam<test::StorageKind> {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_.reset();
    auto opened = storage_->Open(folder_.path() / "realm.db", test::Storage::Ledger::kNew);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  test::TemporaryFolder folder_;
  const std::unique_ptr<test::Storage> storage_ = test::Storage::Make(GetParam());
  std::unique_ptr<Store> store_;
};
INSTANTIATE_TEST_SUITE_P(Engines, StoreTest,
                         testing::Values(test::StorageKind::kSqlite, test::StorageKind::kPostgres),
                         [](const auto& kind) { return test::NameOf(kind.param); });

TEST_P(StoreTest, ANewStoreHoldsNothing) {
  auto head = store_->ReadHead();
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_FALSE(head->has_value());
  EXPECT_EQ(*store_->ReadRow({1, KeyOf(1)}), std::nullopt);
  EXPECT_EQ(*store_->ReadDirectory(1), Bytes());
  EXPECT_TRUE(AllRows(*store_).empty());
}

TEST_P(StoreTest, KeepsABatchOverReopening) {
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

TEST_P(StoreTest, VisitsBucketDigestsInOrderAndStopsAtAnError) {
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

TEST_P(StoreTest, ABucketWithoutRowsIsForgotten) {
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

TEST_P(StoreTest, AWalkGoesOnBehindAnyRow) {
  StoreBatch batch;
  for (const uint32_t bucket : {0U, 3U, 65535U}) {
    for (uint32_t key = 0; key < 4; ++key) batch.rows.push_back(Row(bucket, key, Bytes(key, 1)));
    batch.buckets.push_back({bucket, KeyOf(bucket), Bytes(256, 1)});
  }
  batch.head = HeadAt(1);
  ASSERT_TRUE(store_->Write(batch).ok());
  RowsOfStore rest = AllRows(*store_);
  ASSERT_EQ(rest.size(), 12U);
  while (!rest.empty()) {
    const auto [bucket, key] = rest.begin()->first;
    rest.erase(rest.begin());
    EXPECT_EQ(AllRows(*store_, RowAddress{bucket, key}), rest);
  }
  Digest last;
  last.fill(0xff);
  EXPECT_EQ(AllRows(*store_, RowAddress{3, last}).size(), 4U) << "a row that is not there";
}

TEST_P(StoreTest, AgreesWithAMapOverRandomBatches) {
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

TEST_P(StoreTest, ReadsManyAtOnceInTheOrderTheyWereAskedFor) {
  StoreBatch batch;
  batch.rows = {Row(7, 1, Bytes(100, 1)), Row(7, 2, Bytes(6000, 2)), Row(9, 3, Bytes())};
  batch.buckets = {{7, KeyOf(9), Bytes(128, 4)}, {9, KeyOf(10), Bytes(64, 5)}};
  batch.head = HeadAt(1);
  ASSERT_TRUE(store_->Write(batch).ok());
  const std::vector<RowAddress> addresses = {
      {9, KeyOf(3)}, {9, KeyOf(1)}, {7, KeyOf(2)}, {7, KeyOf(1)}, {7, KeyOf(2)}};
  const auto rows = store_->ReadRows(addresses);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, (std::vector<std::optional<Bytes>>{Bytes(), std::nullopt, Bytes(6000, 2), Bytes(100, 1),
                                                      Bytes(6000, 2)}));
  const std::vector<uint32_t> buckets = {9, 8, 7, 9};
  const auto directories = store_->ReadDirectories(buckets);
  ASSERT_TRUE(directories.ok()) << directories.status();
  EXPECT_EQ(*directories, (std::vector<Bytes>{Bytes(64, 5), Bytes(), Bytes(128, 4), Bytes(64, 5)}));
  EXPECT_TRUE(store_->ReadRows({})->empty());
  EXPECT_TRUE(store_->ReadDirectories({})->empty());
}

// A row of more than a megabyte, and more rows than a socket's buffer holds.
TEST_P(StoreTest, KeepsLargeBatches) {
  StoreBatch batch;
  for (uint32_t number = 0; number < 2000; ++number) {
    batch.rows.push_back(Row(number % 16, number, Bytes(2000, static_cast<uint8_t>(number))));
  }
  batch.rows.push_back(Row(1, 5000, Bytes(3 << 20, 7)));
  batch.head = HeadAt(1);
  ASSERT_TRUE(store_->Write(batch).ok());
  EXPECT_EQ(AllRows(*store_).size(), 2001U);
  EXPECT_EQ(*store_->ReadRow({1, KeyOf(5000)}), Bytes(3 << 20, 7));
}

TEST_P(StoreTest, ReadersSeeOneBatchOrTheNextWhileTheyAreWritten) {
  auto batch_of = [](uint8_t value) {
    StoreBatch batch;
    batch.head = HeadAt(value);
    for (uint32_t number = 0; number < 20; ++number) batch.rows.push_back(Row(0, number, Bytes(300, value)));
    return batch;
  };
  ASSERT_TRUE(store_->Write(batch_of(0)).ok());
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        std::set<Bytes> seen;
        for (const auto& [address, content] : AllRows(*store_)) seen.insert(content);
        EXPECT_EQ(seen.size(), 1U) << "a scan saw two batches";
      }
    });
  }
  for (int i = 1; i <= 50; ++i) EXPECT_TRUE(store_->Write(batch_of(static_cast<uint8_t>(i))).ok());
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace labrec::recovery
