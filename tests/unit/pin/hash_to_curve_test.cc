#include "pin/oprf/hash_to_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pin/oprf/expand_message.h"
#include "tests/unit/vector_file.h"

namespace labrec::pin {
namespace {

// RFC 9380, appendix J.1.1, with the steps in between.
TEST(HashToCurve, Rfc9380) {
  const VectorFile file = VectorFile::Load("rfc9380_j1_1_p256_sswu_ro.txt");
  const std::string& dst = file.common.at("dst");
  ASSERT_EQ(file.vectors.size(), 5U);
  for (const auto& vector : file.vectors) {
    const std::string& message = vector.at("msg");
    SCOPED_TRACE(message);
    const SecretBytes uniform = ExpandMessageXmd(AsBytes(message), AsBytes(dst), 96);
    for (int i : {0, 1}) {
      const FieldElement u = FieldElement::Reduce(uniform.view().subspan(static_cast<size_t>(i) * 48, 48));
      EXPECT_EQ(Hex(u.ToBytes().view()), vector.at("u" + std::to_string(i)));
      const P256Point q = MapToCurve(u);
      EXPECT_EQ(Hex(q.x()), vector.at("q" + std::to_string(i) + "_x"));
      EXPECT_EQ(Hex(q.y()), vector.at("q" + std::to_string(i) + "_y"));
    }
    const auto point = HashToCurve(AsBytes(message), AsBytes(dst));
    ASSERT_TRUE(point.has_value());
    EXPECT_EQ(Hex(point->x()), vector.at("p_x"));
    EXPECT_EQ(Hex(point->y()), vector.at("p_y"));
  }
}

// RFC 9380, appendices K.1 (ordinary tag) and K.2 (a tag of 256 bytes, which is hashed first).
TEST(ExpandMessage, Rfc9380) {
  const VectorFile file = VectorFile::Load("rfc9380_k_expand_message_xmd_sha256.txt");
  for (const auto& vector : file.vectors) {
    SCOPED_TRACE(vector.at("dst") + " " + vector.at("msg"));
    const size_t length = vector.at("uniform_bytes").size() / 2;
    EXPECT_EQ(Hex(ExpandMessageXmd(AsBytes(vector.at("msg")), AsBytes(vector.at("dst")), length).view()),
              vector.at("uniform_bytes"));
  }
}

// u = 0 and u^2 = -1/Z are where the map's denominator would vanish: it takes x = B / (Z A) there. All that
// can be asked without another implementation is that the point is on the curve (MapToCurve aborts if not)
// and that its y has the sign of u.
TEST(MapToCurve, ExceptionalInputs) {
  const P256Point at_zero = MapToCurve(FieldElement());
  EXPECT_EQ(at_zero.y().back() & 1, 0);
  const FieldElement minus_one_over_z = FieldElement::Of(10).Inverse();
  const FieldElement u =
      minus_one_over_z.Power({0, 0x0000000040000000, 0x4000000000000000, 0x3fffffffc0000000});
  ASSERT_NE(u.Square().Equals(minus_one_over_z), 0U) << "1/10 is a square";
  const P256Point at_root = MapToCurve(u);
  EXPECT_TRUE(SameBytes(at_root.x(), at_zero.x())) << "both take the exceptional x";
  EXPECT_EQ(at_root.y().back() & 1, u.IsOdd() != 0 ? 1 : 0);
  EXPECT_EQ(MapToCurve(u.Negated()), at_root.Negated());
}

// u and -u map to opposite points, so a message whose two field elements were opposite would give the
// identity: no message is known to, and the sum says so with nullopt.
TEST(MapToCurve, OppositeInputsCancel) {
  const FieldElement u = FieldElement::Of(7);
  EXPECT_FALSE(MapToCurve(u).Plus(MapToCurve(u.Negated())).has_value());
}

TEST(HashToCurve, DependsOnMessageAndTag) {
  const auto a = HashToCurve(AsBytes("message"), AsBytes("tag"));
  EXPECT_EQ(a, HashToCurve(AsBytes("message"), AsBytes("tag")));
  EXPECT_NE(a, HashToCurve(AsBytes("messagf"), AsBytes("tag")));
  EXPECT_NE(a, HashToCurve(AsBytes("message"), AsBytes("tah")));
}

TEST(ExpandMessageDeathTest, RefusesWhatTheRfcDoes) {
  EXPECT_DEATH(ExpandMessageXmd(AsBytes("m"), {}, 32), "");
  EXPECT_DEATH(ExpandMessageXmd(AsBytes("m"), AsBytes("tag"), 0), "");
  EXPECT_DEATH(ExpandMessageXmd(AsBytes("m"), AsBytes("tag"), 8161), "");
  EXPECT_EQ(ExpandMessageXmd(AsBytes("m"), AsBytes("tag"), 8160).size(), 8160U);
}

}  // namespace
}  // namespace labrec::pin
