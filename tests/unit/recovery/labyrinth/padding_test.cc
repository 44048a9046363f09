#include "recovery/labyrinth/base/padding.h"

#include "gtest/gtest.h"
#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {
namespace {

TEST(Padding, SizesArePadme) {
  EXPECT_EQ(PaddedSize(0), 10U);
  EXPECT_EQ(PaddedSize(9), 10U);
  EXPECT_EQ(PaddedSize(10), 12U);     // 11: E = 3, S = 2, one bit cleared
  EXPECT_EQ(PaddedSize(100), 104U);   // 101: E = 6, S = 3, three bits cleared
  EXPECT_EQ(PaddedSize(999), 1024U);  // 1000: E = 9, S = 4, five bits cleared
  EXPECT_EQ(PaddedSize(1023), 1024U);
  EXPECT_EQ(PaddedSize(1024), 1088U);  // 1025: E = 10, S = 4, six bits cleared
}

TEST(Padding, AtMostTwelvePercentMore) {
  for (size_t size = 9; size < 100000; size += 7) {
    EXPECT_LE(PaddedSize(size) * 100, (size + 1) * 112 + 100) << size;
  }
}

TEST(Padding, TextComesBack) {
  for (size_t size = 0; size < 300; ++size) {
    const Bytes text(size, size % 2 == 0 ? 0x80 : 0x00);  // texts that look like padding
    const SecretBytes padded = Pad(text);
    EXPECT_EQ(padded.size(), PaddedSize(size));
    const auto back = Unpad(padded.view());
    ASSERT_TRUE(back.ok()) << size;
    EXPECT_EQ(ToBytes(back->view()), text);
  }
}

TEST(Padding, OnlyOurPaddingIsTaken) {
  const std::vector<Bytes> wrong = {{}, Bytes(10, 0), Bytes(10, 1), Bytes(9, 0x80), {0x80}};
  for (const Bytes& padded : wrong) {
    EXPECT_EQ(ReasonOf(Unpad(padded).status()), Reason::kMalformed);
  }
  Bytes too_long(12, 0);
  too_long[0] = 0x80;
  EXPECT_FALSE(Unpad(too_long).ok());
}

}  // namespace
}  // namespace labrec::recovery::labyrinth
