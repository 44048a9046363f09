// What a batch does to indices in the chip, as its rows tell.

#include "recovery/engine/rows/working_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/record/codec/codec.h"

namespace labrec::recovery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const RecordName kName{"chat", "alice", "main"};

// Rows to read, and nothing else.
class RowsOnly : public Ledger {
 public:
  std::optional<Bytes> row;

  uint32_t BucketOf(const Digest&) const override { return 0; }
  absl::StatusOr<std::optional<Bytes>> Read(const RowAddress&) override { return row; }
  absl::StatusOr<std::unique_ptr<StagedBatch>> Stage(std::vector<RowWrite>) override { return Unused(); }
  absl::Status Persist(StagedBatch&) override { return Unused(); }
  bool storage_refuses() const override { return false; }
  absl::Status Anchor(StagedBatch&) override { return Unused(); }
  bool settled() const override { return true; }
  absl::Status CheckClaim() override { return Unused(); }
  bool stopped() const override { return false; }
  uint64_t epoch() const override { return 1; }
  uint64_t row_count() const override { return 1; }
  uint64_t discontinuities() const override { return 0; }
  const Bytes& realm_id() const override { return realm_id_; }

 private:
  static absl::Status Unused() { return absl::UnimplementedError("a working set only reads"); }
  const Bytes realm_id_ = Bytes(16, 1);
};

RecordVersion Begun(uint32_t number, uint8_t mark) {
  RecordVersion version;
  version.number = number;
  version.nonce.fill(mark);
  version.unlock_key = EcdsaPrivateKey::Generate().public_key();
  version.guess_limit = 3;
  version.chip = ChipPart{0x01800200U + mark, Bytes(8, mark), 0, 0, {}};
  return version;
}

Record With(std::vector<RecordVersion> versions) {
  Record record;
  record.name = kName;
  record.versions = std::move(versions);
  return record;
}

TEST(WorkingSet, AVersionThatGoesErasesItsKey) {
  RowsOnly ledger;
  const RecordVersion stored = Begun(1, 7);
  ledger.row = EncodeRecord(With({stored}));
  WorkingSet rows(ledger);
  ASSERT_TRUE(rows.record(kName).ok());
  EXPECT_THAT(rows.ErasedChipKeys(), IsEmpty());
  EXPECT_THAT(rows.ChangedRegistrations(), IsEmpty());
  rows.Put(With({Begun(1, 8)}));
  EXPECT_THAT(rows.ErasedChipKeys(), ElementsAre(Bytes(8, 7)));
  ASSERT_THAT(rows.ChangedRegistrations(), SizeIs(1));
  EXPECT_EQ(rows.ChangedRegistrations()[0].version.value_or(ChipVersion{}).index, 0x01800208U);
  rows.Put(With({stored}));
  EXPECT_THAT(rows.ErasedChipKeys(), ElementsAre(Bytes(8, 8))) << "the first is back";
  EXPECT_THAT(rows.ChangedRegistrations(), IsEmpty());
}

TEST(WorkingSet, WhatCameAndWentWithinTheBatchIsErasedToo) {
  RowsOnly ledger;
  WorkingSet rows(ledger);
  ASSERT_TRUE(rows.record(kName).ok());
  rows.Put(With({Begun(1, 7)}));
  rows.Put(With({Begun(1, 8)}));
  EXPECT_THAT(rows.ErasedChipKeys(), ElementsAre(Bytes(8, 7)));
  rows.Remove(kName);
  EXPECT_THAT(rows.ErasedChipKeys(), UnorderedElementsAre(Bytes(8, 7), Bytes(8, 8)));
  EXPECT_THAT(rows.ChangedRegistrations(), IsEmpty()) << "none was begun before, and none is now";
}

TEST(WorkingSet, AFinishedRegistrationIsClosedAndKeepsItsKey) {
  RowsOnly ledger;
  RecordVersion version = Begun(1, 7);
  ledger.row = EncodeRecord(With({version}));
  WorkingSet rows(ledger);
  ASSERT_TRUE(rows.record(kName).ok());
  version.stage = Stage::kPending;
  rows.Put(With({version}));
  EXPECT_THAT(rows.ErasedChipKeys(), IsEmpty());
  ASSERT_THAT(rows.ChangedRegistrations(), SizeIs(1));
  EXPECT_EQ(rows.ChangedRegistrations()[0].name, kName);
  EXPECT_FALSE(rows.ChangedRegistrations()[0].version.has_value());
}

}  // namespace
}  // namespace labrec::recovery
