#include "pin/oprf/hash_to_curve.h"

#include <cstdlib>

#include "pin/oprf/expand_message.h"

namespace labrec::pin {
namespace {

// L of RFC 9380, section 5.1: ceil((256 + 128) / 8).
constexpr size_t kUniformBytes = 48;

// y^2 = x^3 + A x + B (SP 800-186, section 3.2.1.3), and what the map needs of it.
struct Curve {
  const FieldElement a = FieldElement::Of(3).Negated();
  const FieldElement b = FieldElement::Reduce(std::array<uint8_t, 32>{
      0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb, 0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc,
      0x65, 0x1d, 0x06, 0xb0, 0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2, 0x60, 0x4b});
  const FieldElement z = FieldElement::Of(10).Negated();
  // sqrt(-Z) = 10^((p+1)/4).
  const FieldElement sqrt_of_minus_z = FieldElement::Of(10).Power(
      {0x0000000000000000, 0x0000000040000000, 0x4000000000000000, 0x3fffffffc0000000});
};

const Curve& P256() {
  static const Curve curve;
  return curve;
}

struct Root {
  FieldElement::Mask is_square;
  FieldElement value;
};

// sqrt_ratio_3mod4 (RFC 9380, F.2.1.2): sqrt(u/v) if that is a square, else sqrt(Z * u/v).
Root SqrtRatio(const FieldElement& u, const FieldElement& v) {
  constexpr std::array<uint64_t, 4> kPrimeMinus3Over4 = {0xffffffffffffffff, 0x000000003fffffff,
                                                         0x4000000000000000, 0x3fffffffc0000000};
  const FieldElement uv = u * v;
  const FieldElement y1 = (v.Square() * uv).Power(kPrimeMinus3Over4) * uv;
  const FieldElement y2 = y1 * P256().sqrt_of_minus_z;
  const FieldElement::Mask is_square = (y1.Square() * v).Equals(u);
  return {is_square, FieldElement::Select(is_square, y1, y2)};
}

}  // namespace

P256Point MapToCurve(const FieldElement& u) {
  const Curve& curve = P256();
  const FieldElement one = FieldElement::Of(1);
  // x1 = numerator / denominator, x2 = zu2 * x1.
  const FieldElement zu2 = curve.z * u.Square();
  const FieldElement tv2 = zu2.Square() + zu2;
  const FieldElement numerator = curve.b * (tv2 + one);
  const FieldElement denominator = curve.a * FieldElement::Select(tv2.IsZero(), curve.z, tv2.Negated());

  // g(x1) = gx_numerator / denominator^3.
  const FieldElement denominator2 = denominator.Square();
  const FieldElement denominator3 = denominator2 * denominator;
  const FieldElement gx_numerator =
      (numerator.Square() + curve.a * denominator2) * numerator + curve.b * denominator3;
  const Root root = SqrtRatio(gx_numerator, denominator3);

  const FieldElement x =
      FieldElement::Select(root.is_square, numerator, zu2 * numerator) * denominator.Inverse();
  const FieldElement y = FieldElement::Select(root.is_square, root.value, zu2 * u * root.value);
  const FieldElement::Mask same_sign = ~(u.IsOdd() ^ y.IsOdd());
  auto point = P256Point::FromAffine(x.ToBytes().view(),
                                     FieldElement::Select(same_sign, y, y.Negated()).ToBytes().view());
  if (!point.ok()) std::abort();  // the map always gives a point of the curve
  return *point;
}

std::optional<P256Point> HashToCurve(ByteView message, ByteView dst) {
  const SecretBytes uniform = ExpandMessageXmd(message, dst, 2 * kUniformBytes);
  P256Point q0 = MapToCurve(FieldElement::Reduce(uniform.view().first(kUniformBytes)));
  P256Point q1 = MapToCurve(FieldElement::Reduce(uniform.view().last(kUniformBytes)));
  const std::optional<P256Point> sum = q0.Plus(q1);
  WipePoint(q0);
  WipePoint(q1);
  return sum;
}

P256Scalar HashToScalar(ByteView message, ByteView dst) {
  auto scalar = P256Scalar::Reduce(ExpandMessageXmd(message, dst, kUniformBytes).view());
  if (!scalar.has_value()) std::abort();
  return *std::move(scalar);
}

void WipePoint(P256Point& point) {
  static_assert(std::is_trivially_copyable_v<P256Point>);
  Wipe({reinterpret_cast<uint8_t*>(&point), sizeof point});
}

}  // namespace labrec::pin
