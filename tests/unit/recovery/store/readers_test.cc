#include <atomic>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/recovery/store/support.h"

namespace labrec::recovery {
namespace {

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
