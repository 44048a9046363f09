#include "hsm/base/p256.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "hsm/base/encoding.h"
#include "tests/unit/vector_file.h"

namespace labrec {
namespace {

// SEC 2, section 2.4.2, and the multiples 2G, and n-1 = -G.
constexpr char kGx[] = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
constexpr char kGy[] = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
constexpr char k2Gx[] = "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978";
constexpr char k2Gy[] = "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1";
constexpr char kPrime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
constexpr char kMinusOne[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

P256Point RandomPoint() {
  return P256Point::Generator().Times(P256Scalar::Random());
}

absl::StatusCode CodeOf(ByteView encoded) {
  return P256Point::Parse(encoded).status().code();
}

TEST(P256Point, GeneratorAndItsDouble) {
  const P256Point& g = P256Point::Generator();
  EXPECT_EQ(Hex(g.x()), kGx);
  EXPECT_EQ(Hex(g.y()), kGy);
  Bytes two(32);
  two[31] = 2;
  for (const P256Point& doubled : {*g.Plus(g), g.Times(P256Scalar::Parse(two).value())}) {
    EXPECT_EQ(Hex(doubled.x()), k2Gx);
    EXPECT_EQ(Hex(doubled.y()), k2Gy);
  }
}

TEST(P256Point, BothEncodingsComeBack) {
  for (int i = 0; i < 64; ++i) {
    const P256Point point = RandomPoint();
    EXPECT_EQ(P256Point::Parse(point.Compressed()).value(), point);
    EXPECT_EQ(P256Point::ParseCompressed(point.Compressed()).value(), point);
    EXPECT_EQ(P256Point::Parse(point.Uncompressed()).value(), point);
    EXPECT_EQ(P256Point::FromAffine(point.x(), point.y()).value(), point);
    EXPECT_FALSE(P256Point::ParseCompressed(point.Uncompressed()).ok());
    // The message names no form that is refused.
    auto other = point.Compressed();
    other[0] = 0x04;
    const absl::Status refused = P256Point::ParseCompressed(other).status();
    EXPECT_EQ(std::string(refused.message()).find("65"), std::string::npos) << refused;
  }
}

// A changed bit of the compressed form gives another point or none; of the uncompressed form, none.
TEST(P256Point, EveryFlippedBit) {
  const P256Point point = RandomPoint();
  for (size_t bit = 0; bit < 33 * 8; ++bit) {
    auto encoded = point.Compressed();
    encoded[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    const auto parsed = P256Point::Parse(encoded);
    if (parsed.ok()) {
      EXPECT_NE(*parsed, point) << "bit " << bit;
      EXPECT_EQ(parsed->Compressed(), encoded) << "bit " << bit;
    }
    if (bit < 8) {
      EXPECT_EQ(parsed.ok(), bit == 0) << "prefix bit " << bit;
    }
  }
  for (size_t bit = 0; bit < 65 * 8; ++bit) {
    auto encoded = point.Uncompressed();
    encoded[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_EQ(CodeOf(encoded), absl::StatusCode::kInvalidArgument) << "bit " << bit;
  }
}

TEST(P256Point, EveryLength) {
  const auto compressed = RandomPoint().Compressed();
  const auto uncompressed = RandomPoint().Uncompressed();
  for (size_t size = 0; size <= 70; ++size) {
    Bytes a(compressed.begin(), compressed.end());
    a.resize(size);
    EXPECT_EQ(P256Point::Parse(a).ok(), size == 33) << size;
    EXPECT_EQ(P256Point::ParseCompressed(a).ok(), size == 33) << size;
    Bytes b(uncompressed.begin(), uncompressed.end());
    b.resize(size);
    EXPECT_EQ(P256Point::Parse(b).ok(), size == 65) << size;
  }
}

// SEC 1 knows hybrid forms (06, 07 before x || y) and writes the identity as 00: neither is taken.
TEST(P256Point, HybridAndIdentityAreRefused) {
  const P256Point point = RandomPoint();
  auto hybrid = point.Uncompressed();
  hybrid[0] = static_cast<uint8_t>(0x06 | (point.y().back() & 1));
  EXPECT_FALSE(P256Point::Parse(hybrid).ok());
  EXPECT_FALSE(P256Point::Parse(Bytes{0}).ok());
  EXPECT_FALSE(P256Point::Parse(Bytes(33)).ok());
  EXPECT_FALSE(P256Point::Parse(Bytes(65)).ok());
  Bytes zeros(65);
  zeros[0] = 0x04;
  EXPECT_FALSE(P256Point::Parse(zeros).ok());
  for (int prefix = 0; prefix < 256; ++prefix) {
    auto compressed = point.Compressed();
    compressed[0] = static_cast<uint8_t>(prefix);
    EXPECT_EQ(P256Point::Parse(compressed).ok(), prefix == 2 || prefix == 3) << prefix;
    auto uncompressed = point.Uncompressed();
    uncompressed[0] = static_cast<uint8_t>(prefix);
    EXPECT_EQ(P256Point::Parse(uncompressed).ok(), prefix == 4) << prefix;
  }
}

// x = 5 is on the curve, so a reader that reduced modulo p would take p + 5 for it.
TEST(P256Point, UnreducedCoordinatesAreRefused) {
  Bytes five(32);
  five[31] = 5;
  const P256Point point = P256Point::LiftX(five).value();
  const Bytes unreduced = Unhex("ffffffff00000001000000000000000000000001000000000000000000000004");  // p + 5
  EXPECT_FALSE(P256Point::LiftX(unreduced).ok());
  EXPECT_FALSE(P256Point::FromAffine(unreduced, point.y()).ok());
  EXPECT_FALSE(P256Point::LiftX(Unhex(kPrime)).ok());
  EXPECT_FALSE(P256Point::LiftX(Bytes(32, 0xff)).ok());
}

TEST(P256Point, LiftXTakesTheEvenY) {
  int lifted = 0;
  for (uint8_t low = 0; low < 64; ++low) {
    Bytes x(32);
    x[31] = low;
    const auto point = P256Point::LiftX(x);
    if (!point.ok()) continue;
    ++lifted;
    EXPECT_EQ(point->y().back() & 1, 0);
    EXPECT_TRUE(SameBytes(point->x(), x));
    EXPECT_NE(point->Negated().y().back() & 1, 0);
    EXPECT_TRUE(SameBytes(point->Negated().x(), x));
  }
  EXPECT_GT(lifted, 16) << "about half of all x are on the curve";
  EXPECT_LT(lifted, 48);
  EXPECT_FALSE(P256Point::LiftX(Bytes(31)).ok());
  EXPECT_FALSE(P256Point::FromAffine(Bytes(33), Bytes(32)).ok());
}

TEST(P256Point, Addition) {
  const P256Point a = RandomPoint();
  const P256Point b = RandomPoint();
  EXPECT_EQ(a.Plus(b), b.Plus(a));
  EXPECT_EQ(a.Plus(b)->Plus(b.Negated()), a);
  EXPECT_EQ(a.Plus(a.Negated()), std::nullopt);
  EXPECT_EQ(a.Negated().Negated(), a);
}

TEST(P256Point, MultiplicationByTheEdges) {
  const P256Point point = RandomPoint();
  Bytes one(32);
  one[31] = 1;
  EXPECT_EQ(point.Times(P256Scalar::Parse(one).value()), point);
  EXPECT_EQ(point.Times(P256Scalar::Parse(Unhex(kMinusOne)).value()), point.Negated());
  const P256Point& g = P256Point::Generator();
  EXPECT_EQ(g.Times(P256Scalar::Parse(one).value()), g);
  EXPECT_EQ(g.Times(P256Scalar::Parse(Unhex(kMinusOne)).value()), g.Negated());
}

TEST(P256Point, MultiplicationIsAnAction) {
  const P256Scalar a = P256Scalar::Random();
  const P256Scalar b = P256Scalar::Random();
  const P256Point& g = P256Point::Generator();
  EXPECT_EQ(g.Times(a).Times(b), g.Times(a.Times(b)));
  EXPECT_EQ(g.Times(a).Times(b), g.Times(b).Times(a));
  EXPECT_EQ(g.Times(a).Times(a.Inverse()), g);
}

// A stale entry in OpenSSL's error queue makes the next TLS call of the same thread fail.
TEST(P256Point, RefusalsLeaveNoOpensslError) {
  ERR_clear_error();
  auto encoded = RandomPoint().Uncompressed();
  encoded[64] ^= 1;
  EXPECT_FALSE(P256Point::Parse(encoded).ok());
  EXPECT_FALSE(P256Point::LiftX(Bytes(32, 0xff)).ok());
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

}  // namespace
}  // namespace labrec
