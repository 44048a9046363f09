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

// A seal key that goes with a challenge.
class KeptSealKey : public testing::Test {
 protected:
  Challenge Keep(const ChallengeTable::VersionId& version = kVersion) {
    return table.Issue(kAliceUnlock, kStart, table.Expect(version), key);
  }
  SecretBytes Show(const Challenge& challenge, ChallengeTable::Time now = kStart) {
    auto used = table.Consume(kAliceUnlock, challenge, now);
    return used ? std::move(used->seal_key) : SecretBytes();
  }

  static constexpr ChallengeTable::VersionId kVersion{1};
  ChallengeTable table{1000};
  const SecretBytes key = SecretBytes::Random(32);
};

TEST_F(KeptSealKey, ComesBackOnceToWhoShowsTheChallenge) {
  const Challenge challenge = Keep();
  const Challenge other = Keep({2});
  EXPECT_EQ(table.kept_keys(), 2U);
  const auto used = table.Consume(kAliceUnlock, challenge, kStart);
  ASSERT_TRUE(used.has_value());
  EXPECT_TRUE(used->seal_key.Equals(key.view()));
  EXPECT_EQ(used->version, kVersion);
  EXPECT_EQ(table.kept_keys(), 1U);
  EXPECT_TRUE(Show(challenge).empty());
  EXPECT_TRUE(Show(other).Equals(key.view()));
  const auto plain = table.Consume(kAlice, table.Issue(kAlice, kStart), kStart);
  ASSERT_TRUE(plain.has_value());
  EXPECT_TRUE(plain->seal_key.empty());
}

TEST_F(KeptSealKey, IsGoneWithAChallengeForSomethingElse) {
  const Challenge challenge = Keep();
  EXPECT_FALSE(table.Consume(kAlice, challenge, kStart).has_value());
  EXPECT_EQ(table.kept_keys(), 0U);
}

TEST_F(KeptSealKey, IsGoneAfterSixtySecondsThoughNobodyAsks) {
  const auto expected = table.Expect(kVersion);
  EXPECT_EQ(table.NextForgetting(kStart), kStart + seconds(60));  // it may be kept any moment
  table.Issue(kAliceUnlock, kStart, expected, key);
  EXPECT_EQ(table.NextForgetting(kStart), kStart + seconds(60));
  table.ForgetOld(kStart + seconds(60) - milliseconds(1));
  EXPECT_EQ(table.kept_keys(), 1U);
  table.ForgetOld(kStart + seconds(60));
  EXPECT_EQ(table.kept_keys(), 0U);
  EXPECT_TRUE(table.NextForgetting(kStart).has_value());  // the evaluation holds it still
}

TEST_F(KeptSealKey, NobodyHasToForgetWhereNothingIsKept) {
  EXPECT_FALSE(table.NextForgetting(kStart).has_value());
  table.Issue(kAlice, kStart);
  EXPECT_FALSE(table.NextForgetting(kStart).has_value());
  Show(Keep());
  table.ForgetOld(kStart + seconds(120));
  EXPECT_FALSE(table.NextForgetting(kStart + seconds(120)).has_value());
}

TEST_F(KeptSealKey, IsNotGivenToWhoComesTooLate) {
  EXPECT_TRUE(Show(Keep(), kStart + seconds(60)).empty());
}

TEST_F(KeptSealKey, GoesWithItsVersion) {
  const Challenge erased = Keep();
  const Challenge other = Keep({2});
  table.EraseKeys({kVersion, {3}});
  EXPECT_TRUE(Show(erased).empty());
  EXPECT_TRUE(Show(other).Equals(key.view()));
}

TEST_F(KeptSealKey, ALateEvaluationDoesNotPutItBack) {
  const auto expected = table.Expect(kVersion);
  table.EraseKeys({kVersion});
  const Challenge challenge = table.Issue(kAliceUnlock, kStart, expected, key);
  EXPECT_EQ(table.kept_keys(), 0U);
  EXPECT_TRUE(Show(challenge).empty());
}

TEST_F(KeptSealKey, IsCrowdedOutWithItsChallenge) {
  Keep();
  for (size_t i = 0; i < ChallengeTable::kMostPerAccount; ++i) table.Issue(kAliceUnlock, kStart);
  EXPECT_EQ(table.kept_keys(), 0U);
}

TEST_F(KeptSealKey, IsWrapped) {
  const auto first = table.Expect(kVersion);
  const auto second = table.Expect(kVersion);
  table.Issue(kAliceUnlock, kStart, first, key);
  table.Issue(kAliceUnlock, kStart, second, key);
  EXPECT_FALSE(key.Equals(first->wrapped));
  EXPECT_NE(first->wrapped, second->wrapped);
}

}  // namespace
}  // namespace labrec::recovery
