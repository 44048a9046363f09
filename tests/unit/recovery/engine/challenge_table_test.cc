#include "recovery/engine/call/challenge_table.h"

#include <set>

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ChallengeTable::Time kStart{seconds(1000)};
const ChallengeScope kAlice{"tenant", "alice"};
const ChallengeScope kAliceUnlock{"tenant", "alice", "main", 1};

TEST(ChallengeTable, IsGoodOnceForItsScope) {
  ChallengeTable table(100);
  const Challenge challenge = table.Issue(kAlice, kStart);
  EXPECT_TRUE(table.Consume(kAlice, challenge, kStart));
  EXPECT_FALSE(table.Consume(kAlice, challenge, kStart));
}

TEST(ChallengeTable, AnotherScopeUsesItUpAndIsRefused) {
  const ChallengeScope others[] = {{"tenant", "bob"},
                                   {"tenan", "talice"},
                                   {"tenant", "alice", "main", 1},
                                   {"tenant", "alice", "main", 2},
                                   {"tenant", "alice", "other", 1}};
  ChallengeTable table(100);
  for (const ChallengeScope& other : others) {
    const Challenge challenge = table.Issue(kAlice, kStart);
    EXPECT_FALSE(table.Consume(other, challenge, kStart));
    EXPECT_FALSE(table.Consume(kAlice, challenge, kStart));
  }
  const Challenge unlock = table.Issue(kAliceUnlock, kStart);
  EXPECT_FALSE(table.Consume(kAlice, unlock, kStart));
}

TEST(ChallengeTable, LastsSixtySeconds) {
  ChallengeTable table(100);
  const Challenge early = table.Issue(kAlice, kStart);
  const Challenge late = table.Issue(kAlice, kStart);
  EXPECT_TRUE(table.Consume(kAlice, early, kStart + seconds(60) - milliseconds(1)));
  EXPECT_FALSE(table.Consume(kAlice, late, kStart + seconds(60)));
}

TEST(ChallengeTable, UnknownAndMalformedAreRefused) {
  ChallengeTable table(100);
  table.Issue(kAlice, kStart);
  EXPECT_FALSE(table.Consume(kAlice, Challenge{}, kStart));
  EXPECT_FALSE(table.Consume(kAlice, Bytes(31, 0), kStart));
  EXPECT_FALSE(table.Consume(kAlice, {}, kStart));
}

TEST(ChallengeTable, ForgetsOldOnesByItself) {
  ChallengeTable table(100);
  for (int i = 0; i < 50; ++i) table.Issue(kAlice, kStart);
  EXPECT_EQ(table.size(), 50U);
  table.Issue(kAlice, kStart + seconds(61));
  EXPECT_EQ(table.size(), 1U);
}

TEST(ChallengeTable, FullForgetsTheOldest) {
  ChallengeTable table(3);
  std::vector<Challenge> issued;
  for (const char* account : {"a", "b", "c", "d"}) issued.push_back(table.Issue({"tenant", account}, kStart));
  EXPECT_EQ(table.size(), 3U);
  EXPECT_FALSE(table.Consume({"tenant", "a"}, issued[0], kStart));
  EXPECT_TRUE(table.Consume({"tenant", "b"}, issued[1], kStart));
}

TEST(ChallengeTable, AnAccountCrowdsOutOnlyItself) {
  ChallengeTable table(10'000);
  const Challenge bobs = table.Issue({"tenant", "bob"}, kStart);
  const Challenge first = table.Issue(kAlice, kStart);
  for (size_t i = 0; i < ChallengeTable::kMostPerAccount; ++i) table.Issue(kAliceUnlock, kStart);
  EXPECT_EQ(table.size(), ChallengeTable::kMostPerAccount + 1);
  EXPECT_FALSE(table.Consume(kAlice, first, kStart));
  EXPECT_TRUE(table.Consume({"tenant", "bob"}, bobs, kStart));
}

TEST(ChallengeTable, UsedOnesDoNotAddUp) {
  ChallengeTable table(1000);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_TRUE(table.Consume(kAlice, table.Issue(kAlice, kStart), kStart));
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST(ChallengeTable, AreAllDifferent) {
  ChallengeTable table(1000);
  std::set<Challenge> seen;
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(seen.insert(table.Issue(kAlice, kStart)).second);
}

}  // namespace
}  // namespace labrec::recovery
