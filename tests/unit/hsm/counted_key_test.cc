#include "hsm/counted_key.h"

#include <gtest/gtest.h>

namespace labrec::hsm {
namespace {

CountedKey Example() {
  CountedKey key;
  key.index = 0x01800201;
  key.unlock_key = Bytes(91, 1);
  key.index_public = Bytes(46, 2);
  key.key_public = Bytes(120, 3);
  key.key_private = Bytes(160, 4);
  key.creation_hash = Bytes(32, 5);
  key.creation_ticket = Bytes(40, 6);
  return key;
}

TEST(CountedKeyBytes, GoThereAndBack) {
  const auto decoded = DecodeCountedKey(Encode(Example()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, Example());
}

TEST(CountedKeyBytes, CutAndOverlongFormsAreRefused) {
  Bytes bytes = Encode(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeCountedKey(ByteView(bytes).first(size)).status())) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(DecodeCountedKey(bytes).ok());
}

TEST(CountedKeyBytes, OtherKindsAndVersionsAreRefused) {
  for (size_t at = 0; at < 5; ++at) {
    Bytes bytes = Encode(Example());
    bytes[at] ^= 1;
    EXPECT_FALSE(DecodeCountedKey(bytes).ok()) << at;
  }
  CountedKey key = Example();
  key.creation_hash.push_back(0);
  EXPECT_FALSE(DecodeCountedKey(Encode(key)).ok());
}

}  // namespace
}  // namespace labrec::hsm
