#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "hsm/base/p256.h"
#include "tests/unit/vector_file.h"

namespace labrec {
namespace {

constexpr char kOrder[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr char kOrderMinus1[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
constexpr char kOrderMinus2[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f";
constexpr char kOrderPlus1[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";

Bytes Number(uint8_t small, size_t size = 32) {
  Bytes bytes(size);
  bytes.back() = small;
  return bytes;
}

std::string HexOf(const P256Scalar& scalar) {
  return Hex(scalar.SecretBytesView());
}

TEST(P256Scalar, ParseTakes1ToNMinus1) {
  EXPECT_FALSE(P256Scalar::Parse(Number(0)).ok());
  EXPECT_TRUE(P256Scalar::Parse(Number(1)).ok());
  EXPECT_TRUE(P256Scalar::Parse(Unhex(kOrderMinus1)).ok());
  EXPECT_FALSE(P256Scalar::Parse(Unhex(kOrder)).ok());
  EXPECT_FALSE(P256Scalar::Parse(Unhex(kOrderPlus1)).ok());
  EXPECT_FALSE(P256Scalar::Parse(Bytes(32, 0xff)).ok());
  for (size_t size = 0; size < 70; ++size) {
    EXPECT_EQ(P256Scalar::Parse(Bytes(size, 0x01)).ok(), size == 32) << size;
  }
  EXPECT_EQ(HexOf(P256Scalar::Parse(Unhex(kOrderMinus1)).value()), kOrderMinus1);
}

TEST(P256Scalar, Reduce) {
  EXPECT_EQ(P256Scalar::Reduce({}), std::nullopt);
  EXPECT_EQ(P256Scalar::Reduce(Number(0)), std::nullopt);
  EXPECT_EQ(P256Scalar::Reduce(Unhex(kOrder)), std::nullopt);
  EXPECT_EQ(HexOf(*P256Scalar::Reduce(Unhex(kOrderPlus1))), Hex(Number(1)));
  EXPECT_EQ(HexOf(*P256Scalar::Reduce(Unhex(kOrderMinus1))), kOrderMinus1);
  EXPECT_EQ(HexOf(*P256Scalar::Reduce(Bytes{7})), Hex(Number(7)));
  // 2^384 - 1 and 2^512 - 1 modulo n, computed with Python.
  EXPECT_EQ(HexOf(*P256Scalar::Reduce(Bytes(48, 0xff))),
            "431905529c0166ce652e96b7ccca0a99679b73e19ad16947f01cf013fc632550");
  EXPECT_EQ(HexOf(*P256Scalar::Reduce(Bytes(64, 0xff))),
            "66e12d94f3d956202845b2392b6bec594699799c49bd6fa683244c95be79eea1");
}

// (value mod (n-1)) + 1: never 0, and its edges are elsewhere than Reduce's.
TEST(P256Scalar, ReduceToNonZero) {
  EXPECT_EQ(HexOf(P256Scalar::ReduceToNonZero({})), Hex(Number(1)));
  EXPECT_EQ(HexOf(P256Scalar::ReduceToNonZero(Number(0, 48))), Hex(Number(1)));
  EXPECT_EQ(HexOf(P256Scalar::ReduceToNonZero(Number(1, 48))), Hex(Number(2)));
  EXPECT_EQ(HexOf(P256Scalar::ReduceToNonZero(Unhex(kOrderMinus2))), kOrderMinus1);
  EXPECT_EQ(HexOf(P256Scalar::ReduceToNonZero(Unhex(kOrderMinus1))), Hex(Number(1)));
  EXPECT_EQ(HexOf(P256Scalar::ReduceToNonZero(Unhex(kOrder))), Hex(Number(2)));
}

TEST(P256Scalar, Arithmetic) {
  const P256Scalar minus_one = P256Scalar::Parse(Unhex(kOrderMinus1)).value();
  EXPECT_EQ(HexOf(minus_one.Times(minus_one)), Hex(Number(1)));
  EXPECT_EQ(HexOf(minus_one.Inverse()), kOrderMinus1);
  const P256Scalar one = P256Scalar::Parse(Number(1)).value();
  EXPECT_EQ(HexOf(one.Inverse()), Hex(Number(1)));
  for (int i = 0; i < 32; ++i) {
    const P256Scalar a = P256Scalar::Random();
    EXPECT_EQ(HexOf(a.Times(a.Inverse())), Hex(Number(1)));
    EXPECT_EQ(HexOf(a.Times(one)), HexOf(a));
    EXPECT_EQ(HexOf(a.Clone()), HexOf(a));
  }
}

TEST(P256Scalar, RandomIsInRangeAndDiffers) {
  std::string last;
  for (int i = 0; i < 64; ++i) {
    const P256Scalar a = P256Scalar::Random();
    EXPECT_TRUE(P256Scalar::Parse(a.SecretBytesView()).ok());
    EXPECT_NE(HexOf(a), last);
    last = HexOf(a);
  }
}

TEST(P256ScalarDeathTest, ReduceIsBounded) {
  EXPECT_TRUE(P256Scalar::Reduce(Bytes(64, 1)).has_value());
  EXPECT_DEATH((void)P256Scalar::Reduce(Bytes(65, 1)), "");
  EXPECT_DEATH((void)P256Scalar::ReduceToNonZero(Bytes(65, 1)), "");
}

}  // namespace
}  // namespace labrec
