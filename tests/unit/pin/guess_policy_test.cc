#include "pin/guess_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrec::pin {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kCounted = 1'700'000'000'000;
const GuessPolicy kNoDelays;
const GuessPolicy kDelays{{milliseconds(0), milliseconds(100), milliseconds(5000)}};

TEST(GuessPolicy, BudgetWithoutDelays) {
  for (uint32_t limit = 1; limit <= 20; ++limit) {
    for (uint32_t spent = 0; spent <= 25; ++spent) {
      const GuessVerdict verdict = Judge(limit, spent, kCounted, kCounted, kNoDelays);
      EXPECT_EQ(verdict, spent < limit ? GuessVerdict(Allowed{}) : GuessVerdict(Exhausted{}));
    }
  }
  EXPECT_EQ(Judge(0, 0, 0, 0, kNoDelays), GuessVerdict(Exhausted{}));
}

TEST(GuessPolicy, DelayAfterTheNthGuess) {
  EXPECT_EQ(Judge(10, 0, kCounted, kCounted, kDelays), GuessVerdict(Allowed{}));
  EXPECT_EQ(Judge(10, 1, kCounted, kCounted, kDelays), GuessVerdict(Allowed{}));
  EXPECT_EQ(Judge(10, 2, kCounted, kCounted, kDelays), GuessVerdict(LockedUntil{kCounted + 100}));
  EXPECT_EQ(Judge(10, 3, kCounted, kCounted, kDelays), GuessVerdict(LockedUntil{kCounted + 5000}));
  EXPECT_EQ(Judge(10, 9, kCounted, kCounted, kDelays), GuessVerdict(LockedUntil{kCounted + 5000}));
}

TEST(GuessPolicy, DelayEndsOnTheMillisecond) {
  EXPECT_EQ(Judge(10, 2, kCounted, kCounted + 99, kDelays), GuessVerdict(LockedUntil{kCounted + 100}));
  EXPECT_EQ(Judge(10, 2, kCounted, kCounted + 100, kDelays), GuessVerdict(Allowed{}));
}

TEST(GuessPolicy, ExhaustedComesBeforeLocked) {
  EXPECT_EQ(Judge(3, 3, kCounted, kCounted, kDelays), GuessVerdict(Exhausted{}));
}

// Whatever the clock does, nobody waits longer than the delay from the moment he asks.
TEST(GuessPolicy, ClockSetBackDoesNotLockForLonger) {
  for (int64_t now :
       {kCounted - 1, kCounted - 100, kCounted - int64_t{31'536'000'000}, int64_t{0}, INT64_MIN}) {
    EXPECT_EQ(Judge(10, 3, kCounted, now, kDelays), GuessVerdict(Allowed{})) << now;
    EXPECT_EQ(Judge(3, 3, kCounted, now, kDelays), GuessVerdict(Exhausted{})) << "but the budget holds";
  }
}

TEST(GuessPolicy, TimesAtTheEndOfTheirRange) {
  const GuessPolicy forever{{milliseconds::max()}};
  EXPECT_EQ(Judge(10, 1, kCounted, kCounted, forever), GuessVerdict(LockedUntil{INT64_MAX}));
  EXPECT_EQ(Judge(10, 1, INT64_MAX - 1, INT64_MAX, kDelays), GuessVerdict(Allowed{}));
}

}  // namespace
}  // namespace labrec::pin
