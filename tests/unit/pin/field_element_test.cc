#include "pin/oprf/field_element.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>

#include "hsm/base/openssl_ptr.h"
#include "tests/unit/vector_file.h"

namespace labrec::pin {
namespace {

constexpr char kPrime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
constexpr char kPrimeMinus1[] = "ffffffff00000001000000000000000000000000fffffffffffffffffffffffe";
constexpr char kPrimePlus1[] = "ffffffff00000001000000000000000000000001000000000000000000000000";

// OpenSSL's general numbers as the other opinion.
class Oracle {
 public:
  Oracle() : prime_(BN_bin2bn(Unhex(kPrime).data(), 32, nullptr)), context_(BN_CTX_new()) {}

  std::string Reduced(const Bytes& a) {
    return Run(a, a, [](auto r, auto x, auto, auto p, auto c) { return BN_nnmod(r, x, p, c); });
  }
  std::string Sum(const Bytes& a, const Bytes& b) { return Run(a, b, BN_mod_add); }
  std::string Difference(const Bytes& a, const Bytes& b) { return Run(a, b, BN_mod_sub); }
  std::string Product(const Bytes& a, const Bytes& b) { return Run(a, b, BN_mod_mul); }
  std::string Power(const Bytes& a, const Bytes& b) { return Run(a, b, BN_mod_exp); }

 private:
  template <typename Operation>
  std::string Run(const Bytes& a, const Bytes& b, Operation operation) {
    const BnPtr x(BN_bin2bn(a.data(), static_cast<int>(a.size()), nullptr));
    const BnPtr y(BN_bin2bn(b.data(), static_cast<int>(b.size()), nullptr));
    const BnPtr r(BN_new());
    EXPECT_EQ(operation(r.get(), x.get(), y.get(), prime_.get(), context_.get()), 1);
    Bytes out(32);
    EXPECT_EQ(BN_bn2binpad(r.get(), out.data(), 32), 32);
    return Hex(out);
  }
  BnPtr prime_;
  BnCtxPtr context_;
};

std::string HexOfElement(const FieldElement& element) {
  return Hex(element.ToBytes().view());
}

// Values where carries and borrows run, and random ones.
std::vector<Bytes> Samples() {
  std::vector<Bytes> samples = {Bytes(32),       Unhex(kPrimeMinus1), Unhex(kPrime), Unhex(kPrimePlus1),
                                Bytes(32, 0xff), Bytes(48, 0xff),     Bytes{1},      Bytes{2},
                                Bytes()};
  for (size_t bit = 0; bit < 384; bit += 31) {
    Bytes power(48);
    power[47 - bit / 8] = static_cast<uint8_t>(1U << (bit % 8));
    samples.push_back(power);
  }
  for (size_t from : {0, 8, 16, 24}) {  // words of ones at each place, zeros elsewhere
    Bytes ones(32);
    std::fill_n(ones.begin() + static_cast<std::ptrdiff_t>(from), 8, uint8_t{0xff});
    samples.push_back(ones);
  }
  for (int i = 0; i < 20; ++i) samples.push_back(ToBytes(SecretBytes::Random(i % 2 == 0 ? 48 : 32).view()));
  return samples;
}

TEST(FieldElement, AgreesWithOpenssl) {
  Oracle oracle;
  const std::vector<Bytes> samples = Samples();
  for (const Bytes& a : samples) {
    const FieldElement x = FieldElement::Reduce(a);
    EXPECT_EQ(HexOfElement(x), oracle.Reduced(a));
    EXPECT_EQ(x.IsOdd() != 0, (x.ToBytes().data()[31] & 1) != 0);
    for (const Bytes& b : samples) {
      const FieldElement y = FieldElement::Reduce(b);
      EXPECT_EQ(HexOfElement(x + y), oracle.Sum(a, b));
      EXPECT_EQ(HexOfElement(x - y), oracle.Difference(a, b));
      EXPECT_EQ(HexOfElement(x * y), oracle.Product(a, b));
      EXPECT_EQ(x.Equals(y), oracle.Reduced(a) == oracle.Reduced(b) ? ~uint64_t{0} : 0);
    }
  }
}

TEST(FieldElement, PowerAndInverse) {
  Oracle oracle;
  for (const Bytes& a : Samples()) {
    const FieldElement x = FieldElement::Reduce(a);
    const Bytes exponent = Unhex("0123456789abcdeffedcba98765432100f1e2d3c4b5a69788796a5b4c3d2e1f0");
    EXPECT_EQ(HexOfElement(
                  x.Power({0x8796a5b4c3d2e1f0, 0x0f1e2d3c4b5a6978, 0xfedcba9876543210, 0x0123456789abcdef})),
              oracle.Power(a, exponent));
    const bool zero = x.IsZero() != 0;
    EXPECT_EQ(HexOfElement(x * x.Inverse()), HexOfElement(FieldElement::Of(zero ? 0 : 1)));
  }
}

TEST(FieldElement, Select) {
  const FieldElement a = FieldElement::Of(5);
  const FieldElement b = FieldElement::Of(6);
  EXPECT_EQ(HexOfElement(FieldElement::Select(~uint64_t{0}, a, b)), HexOfElement(a));
  EXPECT_EQ(HexOfElement(FieldElement::Select(0, a, b)), HexOfElement(b));
}

TEST(FieldElementDeathTest, ReduceIsBounded) {
  EXPECT_DEATH(FieldElement::Reduce(Bytes(49)), "");
}

}  // namespace
}  // namespace labrec::pin
