#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hsm/base/status_macros.h"
#include "recovery/store/sealed/key_rotation.h"
#include "recovery/store/sealed/sealed_store.h"
#include "tests/integration/ledger/support.h"

namespace labrec::recovery {

// A ledger on sealed storage, with rows that the test knows.
class SealedTest : public LedgerTest {
 protected:
  SealedStore& store() { return static_cast<SealedStore&>(*running_.store); }
  hsm::PeriodKeys& keys() { return *running_.device->period_keys(); }

  void Set(uint32_t bucket, uint32_t key, const std::string& content) {
    ASSERT_TRUE(Commit({Put(bucket, key, ToBytes(content))}).ok());
    rows_[{bucket, key}] = content;
  }
  void Erase(uint32_t bucket, uint32_t key) {
    ASSERT_TRUE(Commit({RowWrite{{bucket, KeyOf(key)}, std::nullopt}}).ok());
    rows_.erase({bucket, key});
  }
  // Rows 10 * bucket and on in each of the first buckets, in one batch.
  void FillKnown(uint32_t buckets = 4) {
    std::vector<RowWrite> writes;
    for (uint32_t bucket = 0; bucket < buckets; ++bucket) {
      for (uint32_t key = 10 * bucket; key < 10 * bucket + 3; ++key) {
        rows_[{bucket, key}] = "row " + std::to_string(key);
        writes.push_back(Put(bucket, key, ToBytes(rows_[{bucket, key}])));
      }
    }
    ASSERT_TRUE(Commit(std::move(writes)).ok());
  }
  // Every row that the test knows is there, and no other.
  void ExpectRows() {
    for (const auto& [at, content] : rows_) {
      const auto row = Read(at.first, at.second);
      ASSERT_TRUE(row.ok() && row->has_value()) << row.status() << ", row " << at.second;
      EXPECT_EQ(AsText(**row), content);
    }
    EXPECT_EQ(running_.ledger->row_count(), rows_.size());
  }

  absl::Status AnchorBatch() { return Commit({}); }
  absl::Status Rotate(EarlierKey earlier) {
    KeyRotation rotation(store(), [this] { return AnchorBatch(); });
    return rotation.Run(earlier, 5000, [](SealedStore::Progress) { return true; });
  }

  // What somebody reads of an old copy who has the use of the device now.
  absl::StatusOr<std::optional<Bytes>> ReadOldCopy(const Image& image, uint32_t bucket, uint32_t key) {
    const std::filesystem::path copy = folder_.path() / "old.db";
    storage_->Remove(copy);
    RestoreAt(image, copy);
    LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Store> raw, storage_->Open(copy));
    LABREC_ASSIGN_OR_RETURN(const auto sealed, SealedStore::Over(std::move(raw), keys()));
    return sealed->ReadRow({bucket, KeyOf(key)});
  }

  std::map<std::pair<uint32_t, uint32_t>, std::string> rows_;
};

}  // namespace labrec::recovery
