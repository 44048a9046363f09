#include "pin/sharing/subset_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pin/sharing/commitment.h"

namespace labrec::pin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A secret shared among realms numbered 100, 101, ..., whose answers a test may spoil.
class SubsetSearch : public testing::Test {
 protected:
  void Distribute(uint32_t threshold, uint32_t count) {
    threshold_ = threshold;
    commitment_ = Commit(secret_, digest_);
    answers_.clear();
    std::vector<Share> shares = Split(secret_, threshold, count).value();
    for (Share& share : shares) {
      const size_t realm = 99 + share.x;
      answers_.push_back({realm, std::move(share)});
    }
  }
  void Spoil(size_t position) { answers_[position].share.bytes = SecretBytes::Random(32); }
  absl::StatusOr<std::optional<FoundSecret>> Find() {
    return FindSecret(answers_, threshold_, commitment_, digest_);
  }

  SecretBytes secret_ = SecretBytes::Random(32);
  Digest digest_ = Sha256("config");
  Digest commitment_{};
  uint32_t threshold_ = 0;
  std::vector<RealmShareAnswer> answers_;
};

TEST_F(SubsetSearch, HonestRealms) {
  for (uint32_t count : {1U, 3U, 5U, 16U}) {
    for (uint32_t threshold : {1U, count / 2 + 1, count}) {
      Distribute(threshold, count);
      const auto found = Find();
      ASSERT_TRUE(found.ok() && found->has_value()) << threshold << " of " << count;
      EXPECT_TRUE((*found)->s.Equals(secret_.view()));
      EXPECT_THAT((*found)->faulty_realms, IsEmpty());
    }
  }
}

TEST_F(SubsetSearch, NamesEveryPairOfFaultyRealms) {
  for (size_t i = 0; i < 5; ++i) {
    for (size_t j = i + 1; j < 5; ++j) {
      Distribute(3, 5);
      Spoil(i);
      Spoil(j);
      const auto found = Find();
      ASSERT_TRUE(found.ok() && found->has_value()) << i << " " << j;
      EXPECT_TRUE((*found)->s.Equals(secret_.view()));
      EXPECT_THAT((*found)->faulty_realms, ElementsAre(100 + i, 100 + j));
    }
  }
}

TEST_F(SubsetSearch, RealmsThatDidNotAnswerAreNotFaulty) {
  Distribute(2, 5);
  answers_.erase(answers_.begin() + 1);
  answers_.erase(answers_.begin());
  Spoil(0);
  const auto found = Find();
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_THAT((*found)->faulty_realms, ElementsAre(102));
}

TEST_F(SubsetSearch, TooManyFaultyRealmsFitNothing) {
  Distribute(3, 5);
  for (size_t i : {0, 2, 4}) Spoil(i);
  const auto found = Find();
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST_F(SubsetSearch, CommitmentBindsConfigAndSecret) {
  Distribute(2, 3);
  digest_ = Sha256("another config");
  EXPECT_FALSE(Find()->has_value());
  digest_ = Sha256("config");
  EXPECT_TRUE(Find()->has_value());
  commitment_[31] ^= 1;
  EXPECT_FALSE(Find()->has_value());
}

// The worst case: 12870 subsets of 8 out of 16, all wrong but the last.
TEST_F(SubsetSearch, LastOfAllSubsets) {
  Distribute(8, 16);
  for (size_t i = 0; i < 8; ++i) Spoil(i);
  const auto found = Find();
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_TRUE((*found)->s.Equals(secret_.view()));
  EXPECT_THAT((*found)->faulty_realms, ElementsAre(100, 101, 102, 103, 104, 105, 106, 107));
  Spoil(15);
  EXPECT_FALSE(Find()->has_value());
}

TEST_F(SubsetSearch, BadCallsAreRefused) {
  Distribute(3, 5);
  threshold_ = 6;
  EXPECT_EQ(Find().status().code(), absl::StatusCode::kInvalidArgument);
  threshold_ = 0;
  EXPECT_EQ(Find().status().code(), absl::StatusCode::kInvalidArgument);
  threshold_ = 3;
  answers_[4].share.x = 1;
  EXPECT_EQ(Find().status().code(), absl::StatusCode::kInvalidArgument) << "an x twice, though unused";
  answers_[4].share.x = 0;
  EXPECT_EQ(Find().status().code(), absl::StatusCode::kInvalidArgument);
  answers_[4].share.x = 5;
  answers_[4].share.bytes = SecretBytes::Random(31);
  EXPECT_EQ(Find().status().code(), absl::StatusCode::kInvalidArgument);
  Distribute(3, 16);
  answers_.push_back({116, {17, SecretBytes::Random(32)}});
  EXPECT_EQ(Find().status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace labrec::pin
