#include "recovery/ledger/bucket.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::recovery {
namespace {

Digest Key(uint32_t number) {
  return Sha256(Writer().U32(number).bytes());
}

TEST(BucketDirectory, HoldsWhatWasSet) {
  BucketDirectory directory;
  EXPECT_TRUE(directory.Set(Key(1), Key(101)));
  EXPECT_TRUE(directory.Set(Key(2), Key(102)));
  EXPECT_FALSE(directory.Set(Key(1), Key(103)));
  EXPECT_EQ(directory.Find(Key(1)), Key(103));
  EXPECT_EQ(directory.Find(Key(2)), Key(102));
  EXPECT_EQ(directory.Find(Key(3)), std::nullopt);
  EXPECT_TRUE(directory.Remove(Key(1)));
  EXPECT_FALSE(directory.Remove(Key(1)));
  EXPECT_EQ(directory.Find(Key(1)), std::nullopt);
  EXPECT_EQ(directory.entries().size(), 1U);
}

TEST(BucketDirectory, BytesAreSortedEntriesWhateverTheOrderOfSetting) {
  std::vector<uint32_t> numbers = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  Bytes expected;
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(numbers.begin(), numbers.end(), random);
    BucketDirectory directory;
    for (uint32_t number : numbers) directory.Set(Key(number), Key(number + 100));
    const Bytes bytes = directory.Serialize();
    EXPECT_EQ(bytes.size(), numbers.size() * 64);
    if (expected.empty()) expected = bytes;
    EXPECT_EQ(bytes, expected);
  }
  auto parsed = BucketDirectory::Parse(expected);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->Serialize(), expected);
  for (uint32_t number : numbers) EXPECT_EQ(parsed->Find(Key(number)), Key(number + 100));
}

TEST(BucketDirectory, ParsingIsStrict) {
  BucketDirectory directory;
  for (uint32_t number = 0; number < 3; ++number) directory.Set(Key(number), Key(number));
  const Bytes good = directory.Serialize();
  EXPECT_TRUE(BucketDirectory::Parse({}).ok());
  for (size_t size = 0; size <= good.size(); ++size) {
    const bool whole = size % 64 == 0;
    EXPECT_EQ(BucketDirectory::Parse(ByteView(good).first(size)).ok(), whole) << size;
  }
  Bytes swapped(good.begin() + 64, good.begin() + 128);
  swapped.insert(swapped.end(), good.begin(), good.begin() + 64);
  EXPECT_TRUE(absl::IsInvalidArgument(BucketDirectory::Parse(swapped).status()));
  Bytes twice(good.begin(), good.begin() + 64);
  twice.insert(twice.end(), good.begin(), good.begin() + 64);
  EXPECT_TRUE(absl::IsInvalidArgument(BucketDirectory::Parse(twice).status()));
}

TEST(BucketDigest, IsBoundToTheBucketAndToEveryByte) {
  BucketDirectory directory;
  directory.Set(Key(1), Key(2));
  Bytes bytes = directory.Serialize();
  const Digest digest = BucketDigest(5, bytes);
  EXPECT_EQ(digest, Sha256(Writer().Lp("labyrinth-recovery/v1/bucket").U32(5).Raw(bytes).bytes()));
  EXPECT_NE(digest, BucketDigest(6, bytes));
  for (uint8_t& byte : bytes) {
    byte ^= 0x80;
    EXPECT_NE(digest, BucketDigest(5, bytes));
    byte ^= 0x80;
  }
  EXPECT_EQ(BucketDigest(5, {}), Digest{});
}

TEST(BucketOfHash, TakesTheLeadingBits) {
  Digest hash{};
  hash[0] = 0xA5;
  hash[1] = 0xC3;
  hash[2] = 0xF0;
  EXPECT_EQ(BucketOfHash(hash, 0), 0U);
  EXPECT_EQ(BucketOfHash(hash, 1), 1U);
  EXPECT_EQ(BucketOfHash(hash, 4), 0xAU);
  EXPECT_EQ(BucketOfHash(hash, 16), 0xA5C3U);
  EXPECT_EQ(BucketOfHash(hash, 20), 0xA5C3FU);
}

}  // namespace
}  // namespace labrec::recovery
