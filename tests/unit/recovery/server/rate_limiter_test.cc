#include "recovery/server/transport/rate_limiter.h"

#include <string>

#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"
#include "recovery/server/service/rpc_status.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = RateLimiter::Time;

class RateLimiterTest : public testing::Test {
 protected:
  // How many of `calls` at this moment are let through.
  int Pass(RateLimiter& limiter, int calls, const std::string& account = "alice",
           const std::string& tenant = "chat") {
    int passed = 0;
    for (int i = 0; i < calls; ++i) {
      last_ = limiter.Take(tenant, account, now_);
      passed += last_.ok() ? 1 : 0;
    }
    return passed;
  }

  Time now_ = Time(std::chrono::hours(1000));
  absl::Status last_;
};

TEST_F(RateLimiterTest, ABurstThenTheRate) {
  RateLimiter limiter({60, 5, 0, 0});
  EXPECT_EQ(Pass(limiter, 10), 5);
  EXPECT_EQ(RefusalOf(last_), refusal::kAccountRate);
  EXPECT_EQ(last_.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfterMillis(last_), 1001);
  now_ += milliseconds(999);
  EXPECT_EQ(Pass(limiter, 10), 0);
  EXPECT_EQ(RetryAfterMillis(last_), 2) << "rounded up";
  now_ += milliseconds(2);
  EXPECT_EQ(Pass(limiter, 10), 1);
  now_ += seconds(3);
  EXPECT_EQ(Pass(limiter, 10), 3);
  now_ += seconds(3600);
  EXPECT_EQ(Pass(limiter, 10), 5) << "no more than the burst, however long it was quiet";
}

TEST_F(RateLimiterTest, ComingBackWhenToldIsLetThrough) {
  RateLimiter limiter({7, 3, 0, 0});
  EXPECT_EQ(Pass(limiter, 4), 3);
  now_ += milliseconds(*RetryAfterMillis(last_));
  EXPECT_EQ(Pass(limiter, 2), 1);
}

TEST_F(RateLimiterTest, EachAccountHasItsOwn) {
  RateLimiter limiter({60, 2, 0, 0});
  EXPECT_EQ(Pass(limiter, 9, "alice"), 2);
  EXPECT_EQ(Pass(limiter, 9, "bob"), 2);
  EXPECT_EQ(Pass(limiter, 9, "alice", "mail"), 2);
}

TEST_F(RateLimiterTest, ATenantsAccountsShareItsRate) {
  RateLimiter limiter({60, 5, 10, 4});
  EXPECT_EQ(Pass(limiter, 3, "alice"), 3);
  EXPECT_EQ(Pass(limiter, 3, "bob"), 1);
  EXPECT_EQ(RefusalOf(last_), refusal::kTenantRate);
  EXPECT_EQ(RetryAfterMillis(last_), 101);
  EXPECT_EQ(Pass(limiter, 9, "carol", "mail"), 4);
  now_ += milliseconds(300);
  EXPECT_EQ(Pass(limiter, 9, "dave"), 3);
}

// Else one account could use up what its whole tenant has, and pay from its own bucket for what it did not
// get.
TEST_F(RateLimiterTest, ATenantsOwnRateTakesTheCommonOnesPlace) {
  RateLimiter limiter({0, 0, 10, 4});
  limiter.SetTenantRates({{"slow", 1}, {"free", 0}});
  EXPECT_EQ(Pass(limiter, 9, "alice", "slow"), 2) << "twice as many at once";
  EXPECT_EQ(RefusalOf(last_), refusal::kTenantRate);
  EXPECT_EQ(RetryAfterMillis(last_), 1001);
  EXPECT_EQ(Pass(limiter, 9, "alice", "free"), 9) << "0: no limit";
  EXPECT_EQ(Pass(limiter, 9, "alice", "chat"), 4);
  limiter.SetTenantRates({});
  now_ += seconds(3600);
  EXPECT_EQ(Pass(limiter, 9, "alice", "slow"), 4) << "the common one again";
}

TEST_F(RateLimiterTest, WhatIsRefusedCostsNobodyAnything) {
  RateLimiter limiter({60, 2, 10, 5});
  EXPECT_EQ(Pass(limiter, 1000, "mallory"), 2);
  EXPECT_EQ(Pass(limiter, 2, "alice"), 2);
  EXPECT_EQ(Pass(limiter, 2, "bob"), 1);
  now_ += milliseconds(100);
  EXPECT_EQ(Pass(limiter, 1, "bob"), 1) << "his second call was refused for his tenant's sake";
}

TEST_F(RateLimiterTest, AThreadThatWasHeldUpIsNotRefusedForIt) {
  RateLimiter limiter({0, 0, 1000, 5});
  const Time held_up = now_;
  now_ += seconds(1);
  EXPECT_EQ(Pass(limiter, 4), 4);
  EXPECT_TRUE(limiter.Take("chat", "alice", held_up).ok()) << "the fifth of the burst, with an old clock";
  EXPECT_FALSE(limiter.Take("chat", "alice", held_up).ok());
}

TEST_F(RateLimiterTest, ARateOfZeroIsNoLimit) {
  RateLimiter limiter({0, 0, 0, 0});
  EXPECT_EQ(Pass(limiter, 10000), 10000);
  EXPECT_EQ(limiter.size(), 0U);
}

TEST_F(RateLimiterTest, FullBucketsAreForgotten) {
  RateLimiter limiter({60, 10, 0, 0});  // one call comes back in a second
  for (int i = 0; i < 200'000; ++i) {
    now_ += milliseconds(1);
    ASSERT_EQ(Pass(limiter, 1, std::to_string(i)), 1);
    ASSERT_LE(limiter.size(), 2100U) << "a thousand are not full at a time";
  }
  EXPECT_EQ(Pass(limiter, 9, "mallory"), 9);
  for (int i = 0; i < 900; ++i) Pass(limiter, 1, "b" + std::to_string(i));
  EXPECT_EQ(Pass(limiter, 9, "mallory"), 1) << "one that is not full is not forgotten";
}

TEST_F(RateLimiterTest, MemoryIsBoundedAndWhoIsKnownStaysLimited) {
  RateLimiter limiter({60, 2, 0, 0}, 2000);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(Pass(limiter, 1, std::to_string(i)), 1);
  EXPECT_EQ(limiter.size(), 2000U);
  EXPECT_EQ(Pass(limiter, 5, "0"), 1);
  EXPECT_EQ(Pass(limiter, 5, "9999"), 5) << "not known, so not limited";
  now_ += seconds(5);
  EXPECT_EQ(Pass(limiter, 5, "9999"), 2) << "there is room again";
  EXPECT_EQ(limiter.size(), 1U);
}

}  // namespace
}  // namespace labrec::recovery
