#include "recovery/realm/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

TEST(Capacity, TheExponentOfSomeNumbersOfAccounts) {
  EXPECT_EQ(BucketExponentFor(1), 8U);
  EXPECT_EQ(BucketExponentFor(5'120), 8U);
  EXPECT_EQ(BucketExponentFor(5'121), 9U);
  EXPECT_EQ(BucketExponentFor(100'000), 13U);
  EXPECT_EQ(BucketExponentFor(1'000'000), 16U) << "the default";
  EXPECT_EQ(BucketExponentFor(10'000'000), 19U);
  EXPECT_EQ(BucketExponentFor(20'000'000), 20U);
  EXPECT_EQ(BucketExponentFor(1'000'000'000), 20U) << "there are no more buckets";
}

// Half full at least, where they are expected; and no directory longer than a page holds.
TEST(Capacity, ABucketHasTwentyToFortyRows) {
  for (uint32_t exponent = kLeastPlannedExponent + 1; exponent <= kMaxBucketExponent; ++exponent) {
    const uint64_t most = AccountsMadeFor(exponent);
    EXPECT_EQ(BucketExponentFor(most), exponent);
    EXPECT_EQ(BucketExponentFor(most / 2 + 1), exponent);
    EXPECT_EQ(most * kRowsOfAnAccount >> exponent, kFullBucketRows);
  }
}

TEST(Capacity, OutgrownSaysBothNumbersAndTheCost) {
  EXPECT_EQ(Outgrown(RowsMadeFor(16), 16), "");
  EXPECT_EQ(Outgrown(0, 0), "");
  EXPECT_THAT(Outgrown(20'000'000, 16), testing::AllOf(testing::HasSubstr("made for 2621440 rows"),
                                                       testing::HasSubstr("it has 20000000"),
                                                       testing::HasSubstr("19520 bytes of directory")));
}

}  // namespace
}  // namespace labrec::recovery
