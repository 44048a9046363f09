#include "pin/padding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::pin {
namespace {

TEST(Padding, EveryLengthComesBackAtOneSize) {
  for (size_t size = 0; size <= kMostSecretBytes; ++size) {
    const SecretBytes secret = SecretBytes::Random(size);
    const auto padded = Pad(secret);
    ASSERT_TRUE(padded.ok()) << size;
    EXPECT_EQ(padded->size(), 1026U);
    const auto back = Unpad(*padded);
    ASSERT_TRUE(back.ok()) << size;
    EXPECT_TRUE(back->Equals(secret.view())) << size;
  }
  EXPECT_EQ(Pad(SecretBytes::OfSize(kMostSecretBytes + 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Padding, Layout) {
  const SecretBytes padded = Pad(SecretBytes::CopyOf(Bytes(258, 0xab))).value();
  EXPECT_EQ(Hex(padded.view()), "0102" + Hex(Bytes(258, 0xab)) + Hex(Bytes(1024 - 258)));
}

TEST(Padding, UnpadIsStrict) {
  const SecretBytes padded = Pad(SecretBytes::CopyOf(Bytes(10, 1))).value();
  for (size_t position = 12; position < kPaddedSize; ++position) {
    SecretBytes bad = padded.Clone();
    bad.data()[position] = 0x80;
    EXPECT_EQ(Unpad(bad).status().code(), absl::StatusCode::kInvalidArgument) << position;
  }
  SecretBytes too_long = SecretBytes::OfSize(kPaddedSize);
  too_long.data()[0] = 0x04;
  EXPECT_TRUE(Unpad(too_long).ok()) << "1024";
  too_long.data()[1] = 0x01;
  EXPECT_FALSE(Unpad(too_long).ok()) << "1025";
  too_long.data()[0] = 0xff;
  EXPECT_FALSE(Unpad(too_long).ok());
  for (size_t size : {size_t{0}, size_t{1}, kPaddedSize - 1, kPaddedSize + 1}) {
    EXPECT_FALSE(Unpad(SecretBytes::OfSize(size)).ok()) << size;
  }
}

}  // namespace
}  // namespace labrec::pin
