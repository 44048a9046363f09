#include "recovery/record/accept/lowering.h"

#include <gtest/gtest.h>

#include "recovery/record/codec/codec.h"
#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

TEST(Lowering, LeavesTheFloor) {
  for (const uint32_t limit : {1U, 2U, 10U, 20U}) {
    for (uint32_t floor = 1; floor <= 20; ++floor) {
      const Registered made(limit);
      const Record lowered = LowerRemaining(*made.record, floor);
      EXPECT_EQ(lowered.Find(1)->left(), std::min(limit, floor));
      EXPECT_EQ(*DecodeRecord(EncodeRecord(lowered)), lowered);
    }
  }
}

TEST(Lowering, NeverGivesAGuessBack) {
  Registered made(10);
  for (uint32_t guess = 0; guess < 8; ++guess) made.Guess(1, guess);
  ASSERT_EQ(made.Left(1), 2U);
  EXPECT_EQ(LowerRemaining(*made.record, 5), *made.record);
  EXPECT_EQ(LowerRemaining(*made.record, 1).Find(1)->left(), 1U);
}

TEST(Lowering, ADestroyedRecordStaysAsItIs) {
  Registered made(1);
  made.Guess(1, 1);
  made.Guess(1, 2);
  ASSERT_TRUE(made.record->destroyed);
  EXPECT_EQ(LowerRemaining(*made.record, 3), *made.record);
}

TEST(Lowering, LowersEachVersionByItself) {
  for (const uint32_t pending_limit : {1U, 3U, 20U}) {
    Registered made(10);
    for (uint32_t guess = 0; guess < 9; ++guess) made.Guess(1, guess);
    made.Register(2, pending_limit);
    made.record = ApplyUnlock(made.record, Unlock{2, Signed(made.unlock)})->record;
    const Record lowered = LowerRemaining(*made.record, 2);
    EXPECT_EQ(lowered.Find(1)->left(), 1U);
    EXPECT_EQ(lowered.Find(2)->left(), std::min(pending_limit, 2U));
    EXPECT_EQ(lowered.Find(2)->guess_limit, pending_limit);
    const Record active = *ApplyActivate(made.account, lowered, Activate{2, AsDevice(made.device)});
    EXPECT_EQ(active.Find(2)->left(), std::min(pending_limit, 2U)) << "also once it is active";
    EXPECT_EQ(*DecodeRecord(EncodeRecord(lowered)), lowered);
  }
}

TEST(Lowering, LeavesCountedElements) {
  Registered made(10);
  made.Guess(1, 7);
  made.record = LowerRemaining(*made.record, 2);
  EXPECT_EQ(made.Guess(1, 7), (GuessOutcome{MayEvaluate{Counting::kRepeated, 2}}));
}

}  // namespace
}  // namespace labrec::recovery
