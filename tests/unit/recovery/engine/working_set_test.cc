// What a batch does to indices in the chip, as its rows tell; and what it writes of refills that wait.

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
  bool damaged = false;

  uint32_t BucketOf(const Digest&) const override { return 0; }
  absl::StatusOr<std::optional<Bytes>> Read(const RowAddress&) override {
    if (damaged) return absl::DataLossError("damaged");
    return row;
  }
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
  WaitingRefills refills;
  WorkingSet rows(ledger, refills);
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
  WaitingRefills refills;
  WorkingSet rows(ledger, refills);
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
  WaitingRefills refills;
  WorkingSet rows(ledger, refills);
  ASSERT_TRUE(rows.record(kName).ok());
  version.stage = Stage::kPending;
  rows.Put(With({version}));
  EXPECT_THAT(rows.ErasedChipKeys(), IsEmpty());
  ASSERT_THAT(rows.ChangedRegistrations(), SizeIs(1));
  EXPECT_EQ(rows.ChangedRegistrations()[0].name, kName);
  EXPECT_FALSE(rows.ChangedRegistrations()[0].version.has_value());
}

// A usable version of which this many guesses are spent.
RecordVersion Usable(uint32_t spent) {
  RecordVersion version;
  version.number = 1;
  version.stage = Stage::kActive;
  version.nonce.fill(1);
  version.config = ToBytes("config");
  version.commitment = Bytes(32, 7);
  version.unlock_key = EcdsaPrivateKey::Generate().public_key();
  version.guess_limit = 10;
  version.spent = spent;
  return version;
}

class Refills : public testing::Test {
 protected:
  void SetUp() override {
    stored = With({Usable(1)});
    stored.highest_version = 1;
    ledger.row = EncodeRecord(stored);
    refilled = stored;
    refilled.versions[0].spent = 0;
    WorkingSet rows(ledger, refills);
    ASSERT_TRUE(rows.record(kName).ok());
    rows.PutRefill(refilled);
    EXPECT_FALSE(rows.MustBeAnchored());
    EXPECT_TRUE(rows.TakeChanged());
    rows.LetRefillsWait(kNow);
  }
  Bytes Written(WorkingSet& rows) {
    const std::vector<RowWrite> writes = rows.Writes();
    EXPECT_THAT(writes, SizeIs(1));
    return writes.empty() ? Bytes() : writes[0].content.value_or(Bytes());
  }

  const WaitingRefills::Time kNow{std::chrono::hours(1)};
  RowsOnly ledger;
  WaitingRefills refills;
  Record stored, refilled;
};

TEST_F(Refills, AreSeenByLaterBatchesAndWrittenWithAny) {
  EXPECT_EQ(refills.due(), kNow + std::chrono::minutes(10));
  WorkingSet other(ledger, refills);
  EXPECT_EQ(Written(other), EncodeRecord(refilled)) << "a batch that never looked at the record";
  WorkingSet looked(ledger, refills);
  EXPECT_EQ(**looked.record(kName), refilled);
  EXPECT_FALSE(looked.MustBeAnchored());
  EXPECT_EQ(Written(looked), EncodeRecord(refilled));
  refills.Written();
  EXPECT_FALSE(refills.due().has_value());
}

TEST_F(Refills, AGuessIsWrittenTogetherWithTheRefillBeforeIt) {
  WorkingSet rows(ledger, refills);
  Record guessed = ***rows.record(kName);
  guessed.versions[0].spent += 1;
  guessed.versions[0].counted_elements = {Digest{1}};
  rows.Put(guessed);
  EXPECT_TRUE(rows.MustBeAnchored());
  EXPECT_EQ(Written(rows), EncodeRecord(guessed));
  EXPECT_EQ(guessed.versions[0].spent, 1U);
}

TEST_F(Refills, OfARecordThatIsRemovedAreNotWritten) {
  WorkingSet rows(ledger, refills);
  ASSERT_TRUE(rows.record(kName).ok());
  rows.Remove(kName);
  const std::vector<RowWrite> writes = rows.Writes();
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_FALSE(writes[0].content.has_value());
}

TEST_F(Refills, WhoseRowCannotBeReadAreGivenUp) {
  ledger.damaged = true;
  WorkingSet rows(ledger, refills);
  EXPECT_THAT(rows.Writes(), IsEmpty());
  EXPECT_FALSE(refills.due().has_value());
}

TEST_F(Refills, AreDueAtOnceWhereManyWait) {
  for (size_t i = 1; i < WaitingRefills::kMost; ++i) {
    RowAddress address{0, Digest{}};
    address.key[0] = static_cast<uint8_t>(i);
    address.key[1] = static_cast<uint8_t>(i >> 8);
    refills.Put(address, refilled, kNow + std::chrono::minutes(1));
    if (i + 1 < WaitingRefills::kMost) {
      ASSERT_EQ(refills.due(), kNow + std::chrono::minutes(10)) << i;
    }
  }
  EXPECT_EQ(refills.due(), kNow);
  refills.Postpone(kNow + std::chrono::seconds(1));
  EXPECT_EQ(refills.due(), kNow + std::chrono::seconds(1));
}

}  // namespace
}  // namespace labrec::recovery
