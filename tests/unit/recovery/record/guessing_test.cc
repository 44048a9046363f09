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
  EXPECT_EQ(known.record->remaining(), 0U);
  EXPECT_FALSE(known.record->destroyed);
  EXPECT_EQ(known.Guess(1, 4), Repeated(0));
  EXPECT_EQ(known.Guess(1, 11), GuessOutcome{Destroyed{}});
  EXPECT_EQ(known.Guess(1, 4), GuessOutcome{Destroyed{}});
}

TEST(Guess, DestroyingLeavesATombstone) {
  Registered known(1);
  const EcdsaPrivateKey& device = known.device;
  known.record->floor = EpochFloor{5, {}, device.public_key(), {}, {}};
  known.Begin(BeginOf(7, 7));
  known.Guess(1, 1);
  known.Guess(1, 2);
  Record tombstone;
  tombstone.name = kName;
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

TEST(Guess, SameElementOnAnotherVersionIsCounted) {
  Registered known;
  known.Begin(BeginOf(2, 2));
  known.record = *ApplyFinish(known.account, known.record,
                              FinishOf(BeginOf(2, 2), known.unlock.public_key(), AsDevice(known.device)));
  EXPECT_EQ(known.Guess(1, 1), Counted(9));
  EXPECT_EQ(known.Guess(2, 1), Counted(8));
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

TEST(Unlock, RefillsAllVersions) {
  Registered known;
  for (uint32_t i = 0; i < 10; ++i) known.Guess(1, i);
  const UnlockChange change = *ApplyUnlock(known.record, Unlock{1, Signed(known.unlock)});
  EXPECT_EQ(change.outcome, OpenOutcome{MayOpen{}});
  EXPECT_EQ(change.record->remaining(), 10U);
  EXPECT_TRUE(change.record->Find(1)->counted_elements.empty());
  known.record = change.record;
  EXPECT_EQ(known.Guess(1, 0), Counted(9));  // counted anew
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
