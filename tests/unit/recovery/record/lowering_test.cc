#include "recovery/record/lowering.h"

#include <gtest/gtest.h>

#include "recovery/record/codec.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

TEST(Lowering, LeavesTheFloor) {
  for (const uint32_t limit : {1U, 2U, 10U, 20U}) {
    for (uint32_t floor = 1; floor <= 20; ++floor) {
      const Registered made(limit);
      const Record lowered = LowerRemaining(*made.record, floor);
      EXPECT_EQ(lowered.remaining(), std::min(limit, floor));
      EXPECT_TRUE(lowered.HasUsableVersion());
      EXPECT_EQ(*DecodeRecord(EncodeRecord(lowered)), lowered);
    }
  }
}

TEST(Lowering, NeverGivesAGuessBack) {
  Registered made(10);
  for (uint32_t guess = 0; guess < 8; ++guess) made.Guess(1, guess);
  ASSERT_EQ(made.record->remaining(), 2U);
  EXPECT_EQ(LowerRemaining(*made.record, 5), *made.record);
  EXPECT_EQ(LowerRemaining(*made.record, 1).remaining(), 1U);
}

TEST(Lowering, ADestroyedRecordStaysAsItIs) {
  Registered made(1);
  made.Guess(1, 1);
  made.Guess(1, 2);
  ASSERT_TRUE(made.record->destroyed);
  EXPECT_EQ(LowerRemaining(*made.record, 3), *made.record);
}

// Activating makes a version's own counted guesses all that is spent: that must not lift the floor.
TEST(Lowering, HoldsAfterAPendingVersionIsActivated) {
  for (const uint32_t pending_limit : {1U, 10U, 20U}) {
    Registered made(3);
    made.Begin(BeginOf(2, 2));
    made.record =
        *ApplyFinish(made.account, made.record,
                     FinishOf(BeginOf(2, 2), made.unlock.public_key(), AsDevice(made.device), pending_limit));
    made.record = LowerRemaining(*made.record, 2);
    EXPECT_EQ(made.record->remaining(), 2U);
    const Record active = *ApplyActivate(made.account, made.record, Activate{2, AsDevice(made.device)});
    EXPECT_EQ(active.remaining(), std::min(pending_limit, 2U));
    EXPECT_EQ(*DecodeRecord(EncodeRecord(active)), active);
  }
}

TEST(Lowering, HoldsAfterTheFirstVersionIsActivated) {
  Registered made(10);
  made.record->versions.front().stage = Stage::kPending;
  made.Guess(1, 1);
  made.record = LowerRemaining(*made.record, 2);
  EXPECT_EQ(made.record->remaining(), 2U);
  const Record active = *ApplyActivate(made.account, made.record, Activate{1, AsDevice(made.device)});
  EXPECT_EQ(active.remaining(), 2U);
  EXPECT_EQ(*DecodeRecord(EncodeRecord(*made.record)), *made.record);
}

TEST(Lowering, TakesRowsOfBothKindsAndNothingElse) {
  const Registered made(10);
  const Bytes account = EncodeAccount(*made.account);
  EXPECT_EQ(*LowerRow(account, 1), account);
  const Bytes row = EncodeRecord(*made.record);
  const auto lowered = LowerRow(row, 1);
  ASSERT_TRUE(lowered.ok());
  EXPECT_EQ(DecodeRecord(*lowered)->remaining(), 1U);
  EXPECT_EQ(lowered->size(), row.size());
  Bytes spoilt = row;
  spoilt.back() ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(LowerRow(spoilt, 1).status()));
  EXPECT_TRUE(absl::IsDataLoss(LowerRow({}, 1).status()));
}

}  // namespace
}  // namespace labrec::recovery
