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

TEST(GuessPolicy, ByDefaultThreeWrongOnesAreFreeAndTheLastTakesHours) {
  const GuessPolicy policy = DefaultGuessPolicy();
  constexpr uint32_t kLimit = 7;  // of 2 of 3 realms and a total of ten
  for (uint32_t spent = 0; spent <= 3; ++spent) {
    EXPECT_EQ(Judge(kLimit, spent, 1'000, 1'000, policy), GuessVerdict(Allowed{})) << spent;
  }
  EXPECT_EQ(Judge(kLimit, 4, 1'000, 1'000, policy), GuessVerdict(LockedUntil{61'000}));
  EXPECT_EQ(Judge(kLimit, 5, 1'000, 1'000, policy), GuessVerdict(LockedUntil{901'000}));
  EXPECT_EQ(Judge(kLimit, 6, 1'000, 1'000, policy), GuessVerdict(LockedUntil{10'801'000}));
  EXPECT_EQ(Judge(20, 19, 1'000, 1'000, policy), GuessVerdict(LockedUntil{10'801'000}));
}

TEST(GuessPolicy, TheLeastTimeIsTheSumOfTheDelaysBetween) {
  EXPECT_EQ(LeastTimeToSpend(7, DefaultGuessPolicy()), std::chrono::minutes(196));
  EXPECT_EQ(LeastTimeToSpend(10, DefaultGuessPolicy()), std::chrono::minutes(736));
  EXPECT_EQ(LeastTimeToSpend(4, DefaultGuessPolicy()), milliseconds(0));
  EXPECT_EQ(LeastTimeToSpend(3, kDelays), milliseconds(100));
  EXPECT_EQ(LeastTimeToSpend(5, kDelays), milliseconds(10'100)) << "beyond the list its last entry holds";
  EXPECT_EQ(LeastTimeToSpend(20, kNoDelays), milliseconds(0));
  EXPECT_EQ(LeastTimeToSpend(0, kDelays), milliseconds(0));
}

// The thief with a token who guesses whenever the realm lets him.
TEST(GuessPolicy, AThiefNeedsTheLeastTime) {
  for (const GuessPolicy& policy : {DefaultGuessPolicy(), kDelays, kNoDelays}) {
    int64_t now_ms = 1'000, last_counted_ms = 0;
    for (uint32_t spent = 0; spent < 10; ++spent) {
      const GuessVerdict verdict = Judge(10, spent, last_counted_ms, now_ms, policy);
      if (const auto* locked = std::get_if<LockedUntil>(&verdict)) now_ms = locked->until_ms;
      EXPECT_EQ(Judge(10, spent, last_counted_ms, now_ms, policy), GuessVerdict(Allowed{}));
      last_counted_ms = now_ms;
    }
    EXPECT_EQ(milliseconds(now_ms - 1'000), LeastTimeToSpend(10, policy));
  }
}

TEST(GuessPolicy, TimesAtTheEndOfTheirRange) {
  const GuessPolicy forever{{milliseconds::max()}};
  EXPECT_EQ(Judge(10, 1, kCounted, kCounted, forever), GuessVerdict(LockedUntil{INT64_MAX}));
  EXPECT_EQ(Judge(10, 1, INT64_MAX - 1, INT64_MAX, kDelays), GuessVerdict(Allowed{}));
}

}  // namespace
}  // namespace labrec::pin
