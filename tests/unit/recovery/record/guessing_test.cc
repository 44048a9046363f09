#include <gtest/gtest.h>

#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;

GuessOutcome Counted(uint32_t remaining) {
  return MayEvaluate{Counting::kCounted, remaining};
}
GuessOutcome Repeated(uint32_t remaining) {
  return MayEvaluate{Counting::kRepeated, remaining};
}

TEST(Guess, UnknownRecordAndVersion) {
  EXPECT_EQ(ApplyGuess(std::nullopt, CountGuess{1, Element(1)}, 0, {})->outcome,
            GuessOutcome{NotRegistered{}});
  const Registered known;
  EXPECT_EQ(ApplyGuess(known.record, CountGuess{2, Element(1)}, 0, {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(Guess, TenGuessesThenDestroyed) {
  Registered known(10);
  for (uint32_t i = 1; i <= 10; ++i) EXPECT_EQ(known.Guess(1, i), Counted(10 - i));
  EXPECT_EQ(known.Left(1), 0U);
  EXPECT_FALSE(known.record->destroyed);
  EXPECT_EQ(known.Guess(1, 4), Repeated(0));
  EXPECT_EQ(known.Guess(1, 11), GuessOutcome{Destroyed{}});
  EXPECT_EQ(known.Guess(1, 4), GuessOutcome{Destroyed{}});
}

TEST(Guess, DestroyingLeavesATombstone) {
  Registered known(1);
  const EcdsaPrivateKey& device = known.device;
  known.record->floor = EpochFloor{5, {}, device.public_key(), {}, {}};
  known.Guess(1, 1, 1234);
  known.Guess(1, 2, 1235);
  Record tombstone;
  tombstone.name = kName;
  tombstone.last_counted_ms = 1234;
  tombstone.destroyed = true;
  tombstone.highest_version = 1;
  tombstone.floor = EpochFloor{5, {}, device.public_key(), {}, {}};
  EXPECT_EQ(*known.record, tombstone);
}

TEST(Guess, RepeatedElementIsNotCounted) {
  Registered known;
  known.Guess(1, 1);
  const Record before = *known.record;
  EXPECT_EQ(known.Guess(1, 1), Repeated(9));
  EXPECT_EQ(*known.record, before);
}

TEST(Guess, IsCountedAtEveryUsableVersionUpToItsOwnLimit) {
  Registered known(5);
  known.Register(2, 2);
  EXPECT_EQ(known.Guess(1, 1), Counted(4));
  EXPECT_EQ(known.Guess(2, 1), Counted(0)) << "the same element of another version";
  EXPECT_EQ(known.Guess(1, 2), Counted(2));
  EXPECT_EQ(known.Left(1), 2U);
  EXPECT_EQ(known.record->Find(2)->spent, 2U) << "no more than its limit";
  EXPECT_EQ(known.record->Find(2)->counted_elements.size(), 1U) << "its own elements only";
}

TEST(Guess, TheNextNewElementErasesTheVersionAndWithTheLastOneTheRecord) {
  Registered known(3);
  known.Register(2, 1);
  EXPECT_EQ(known.Guess(1, 1), Counted(2));
  EXPECT_EQ(known.Guess(2, 1), GuessOutcome{Erased{}});
  EXPECT_EQ(known.record->Find(2), nullptr);
  EXPECT_EQ(known.Left(1), 2U) << "a guess that is not answered costs nobody else one";
  EXPECT_EQ(ApplyGuess(known.record, CountGuess{2, Element(1)}, 0, {}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(known.Guess(1, 2), Counted(1));
  EXPECT_EQ(known.Guess(1, 3), Counted(0));
  EXPECT_EQ(known.Guess(1, 4), GuessOutcome{Destroyed{}});
}

TEST(Guess, DelaysLockNewElementsOnly) {
  const pin::GuessPolicy policy{{milliseconds(0), milliseconds(60'000)}};
  Registered known;
  EXPECT_EQ(known.Guess(1, 1, 1000, policy), Counted(9));
  EXPECT_EQ(known.Guess(1, 2, 2000, policy), Counted(8));
  const Record before = *known.record;
  EXPECT_EQ(known.Guess(1, 3, 61'999, policy), (GuessOutcome{LockedUntil{62'000, 8}}));
  EXPECT_EQ(*known.record, before);
  EXPECT_EQ(known.Guess(1, 2, 3000, policy), Repeated(8));
  EXPECT_EQ(known.Guess(1, 3, 62'000, policy), Counted(7));
}

TEST(Guess, ASuccessWithOneVersionDoesNotEndTheDelayOfAnother) {
  const pin::GuessPolicy policy{{milliseconds(60'000)}};
  Registered known;
  known.Register(2);
  EXPECT_EQ(known.Guess(1, 1, 1000, policy), Counted(9));
  known.record = ApplyUnlock(known.record, Unlock{2, Signed(known.unlock)})->record;
  EXPECT_EQ(known.Guess(1, 2, 2000, policy), (GuessOutcome{LockedUntil{61'000, 9}}));
  EXPECT_EQ(known.Guess(2, 1, 2000, policy), Counted(9)) << "with nothing spent there is no delay";
}

TEST(Unlock, RefillsItsVersionOnly) {
  Registered known;
  known.Register(2);
  for (uint32_t i = 0; i < 5; ++i) known.Guess(1, i);
  for (uint32_t i = 0; i < 5; ++i) known.Guess(2, i);
  const UnlockChange change = *ApplyUnlock(known.record, Unlock{1, Signed(known.unlock)});
  EXPECT_EQ(change.outcome, OpenOutcome{MayOpen{}});
  EXPECT_EQ(change.record->Find(1)->left(), 10U);
  EXPECT_TRUE(change.record->Find(1)->counted_elements.empty());
  EXPECT_EQ(*change.record->Find(2), *known.record->Find(2));
  EXPECT_EQ(change.record->last_counted_ms, known.record->last_counted_ms);
  known.record = change.record;
  EXPECT_EQ(known.Guess(2, 0), Repeated(0)) << "elements of another version are not forgotten";
  EXPECT_EQ(known.Guess(1, 0), Counted(9)) << "its own are counted anew";
}

TEST(Unlock, OfAPendingVersionToo) {
  Registered known;
  known.Register(2);
  known.Guess(2, 1);
  known.record = ApplyUnlock(known.record, Unlock{2, Signed(known.unlock)})->record;
  EXPECT_EQ(known.Left(2), 10U);
  EXPECT_EQ(known.Left(1), 9U);
}

TEST(Unlock, Refusals) {
  Registered known(1);
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  EXPECT_EQ(ApplyUnlock(known.record, Unlock{1, Signed(stranger)}).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ApplyUnlock(known.record, Unlock{2, Signed(known.unlock)}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ApplyUnlock(std::nullopt, Unlock{1, Signed(known.unlock)})->outcome,
            OpenOutcome{NotRegistered{}});
  known.Guess(1, 1);
  known.Guess(1, 2);
  EXPECT_EQ(ApplyUnlock(known.record, Unlock{1, Signed(known.unlock)})->outcome, OpenOutcome{Destroyed{}});
}

}  // namespace
}  // namespace labrec::recovery
