#include "hsm/pkcs11/sign_recovery.h"

#include <gtest/gtest.h>

namespace labrec::hsm::pkcs11 {
namespace {

const P256Point& G() {
  return P256Point::Generator();
}

// A token with a key that the test knows: tells x(k*B) and counts how often it is asked.
class SoftToken {
 public:
  explicit SoftToken(P256Scalar key = P256Scalar::Random()) : key_(std::move(key)) {}

  P256Point public_key() const { return G().Times(key_); }
  P256Point Product(const P256Point& element) const { return element.Times(key_); }
  XOracle Oracle() {
    return [this](const P256Point& point) -> absl::StatusOr<SecretBytes> {
      ++asked_;
      return SecretBytes::CopyOf(point.Times(key_).x());
    };
  }
  int asked() const { return asked_; }

 private:
  P256Scalar key_;
  int asked_ = 0;
};

P256Scalar Small(uint8_t value) {
  Bytes bytes(32);
  bytes.back() = value;
  return *P256Scalar::Parse(bytes);
}

P256Point RandomPoint() {
  return G().Times(P256Scalar::Random());
}

P256Point Sum(const P256Point& a, const P256Point& b) {
  return a.Plus(b).value();
}

// Every product as software computes it, at every group size.
void ExpectRight(const std::vector<P256Point>& elements) {
  for (size_t group = 1; group <= kMostPerGroup; ++group) {
    SoftToken token;
    std::vector<P256Point> expected;
    for (const P256Point& element : elements) expected.push_back(token.Product(element));
    const auto products = RecoverProducts(token.public_key(), elements, token.Oracle(), group);
    ASSERT_TRUE(products.ok()) << "group " << group << ": " << products.status();
    EXPECT_EQ(*products, expected) << "group " << group;
  }
}

std::vector<P256Point> RandomPoints(size_t count) {
  std::vector<P256Point> points;
  for (size_t i = 0; i < count; ++i) points.push_back(RandomPoint());
  return points;
}

int DerivationsFor(const std::vector<P256Point>& elements, size_t group) {
  SoftToken token;
  EXPECT_TRUE(RecoverProducts(token.public_key(), elements, token.Oracle(), group).ok());
  return token.asked();
}

TEST(SignRecovery, AnyNumberOfElements) {
  for (size_t count = 0; count <= 9; ++count) ExpectRight(RandomPoints(count));
}

TEST(SignRecovery, BothSignsOfManyElements) {
  for (int i = 0; i < 20; ++i) {
    const P256Point element = RandomPoint();
    ExpectRight({element});
    ExpectRight({element.Negated()});
  }
}

TEST(SignRecovery, AGroupCostsOneDerivationMoreThanItsElements) {
  EXPECT_EQ(DerivationsFor(RandomPoints(1), 1), 2);
  EXPECT_EQ(DerivationsFor(RandomPoints(4), 1), 8);
  EXPECT_EQ(DerivationsFor(RandomPoints(2), 4), 3);
  EXPECT_EQ(DerivationsFor(RandomPoints(4), 4), 5);
  EXPECT_EQ(DerivationsFor(RandomPoints(9), 4), 5 + 5 + 2);
}

TEST(SignRecovery, PlusAndMinusGeneratorCostNothing) {
  ExpectRight({G()});
  ExpectRight({G().Negated()});
  EXPECT_EQ(DerivationsFor({G(), G().Negated(), G()}, 4), 0);
  ExpectRight({RandomPoint(), G(), RandomPoint(), G().Negated(), RandomPoint()});
}

// kB = ±Q only for B = ±G; keys for which Q itself is special.
TEST(SignRecovery, KeysOneTwoAndMinusOne) {
  Bytes minus_one = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                     0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x50};
  for (const P256Scalar& key : {Small(1), Small(2), *P256Scalar::Parse(minus_one)}) {
    SoftToken token(key.Clone());
    const P256Point q = token.public_key();
    const std::vector<P256Point> elements = {G(), G().Negated(), Sum(G(), G()), Sum(G(), G()).Negated(),
                                             q,   RandomPoint()};
    for (size_t group = 1; group <= kMostPerGroup; ++group) {
      const auto products = RecoverProducts(q, elements, token.Oracle(), group);
      ASSERT_TRUE(products.ok()) << products.status();
      for (size_t i = 0; i < elements.size(); ++i) EXPECT_EQ((*products)[i], token.Product(elements[i])) << i;
    }
  }
}

TEST(SignRecovery, EqualElements) {
  const P256Point element = RandomPoint();
  ExpectRight({element, element});
  ExpectRight({element, element, element, element});
}

// Their sum vanishes, so +- and -+ fit alike.
TEST(SignRecovery, OppositeElementsFallBackToSingles) {
  const P256Point element = RandomPoint();
  ExpectRight({element, element.Negated()});
  ExpectRight({element, RandomPoint(), element.Negated(), RandomPoint()});
  EXPECT_EQ(DerivationsFor({element, element.Negated()}, 2), 2 + 1 + 2);
}

// The sum of the elements is -G: there is no point to ask the token for.
TEST(SignRecovery, ElementsWhoseSumIsMinusGeneratorFallBackToSingles) {
  const P256Point first = RandomPoint();
  const P256Point second = Sum(first, G()).Negated();
  ExpectRight({first, second});
  EXPECT_EQ(DerivationsFor({first, second}, 2), 2 + 2);
  // With a third element, both of its signs fit.
  ExpectRight({first, second, RandomPoint()});
  ExpectRight({RandomPoint(), second, RandomPoint(), first});
}

// A partial sum ±A_1 ± ... + Q is the identity on the way, and the sum of all elements is the identity.
TEST(SignRecovery, SumsThatPassThroughTheIdentity) {
  const P256Point element = RandomPoint();
  const P256Point other = RandomPoint();
  ExpectRight({Sum(element, G()), element.Negated()});
  ExpectRight({Sum(G(), G()), Sum(G(), G()).Negated(), other});
  ExpectRight({element, other, Sum(element, other).Negated()});
}

TEST(SignRecovery, AnotherKeyIsAFault) {
  for (size_t group = 1; group <= kMostPerGroup; ++group) {
    SoftToken token;
    const P256Point other = RandomPoint();
    const auto products = RecoverProducts(other, RandomPoints(group), token.Oracle(), group);
    EXPECT_TRUE(absl::IsDataLoss(products.status())) << products.status();
  }
}

// An oracle whose n-th answer is replaced.
XOracle WithAnswer(XOracle oracle, int n, Bytes answer) {
  return [oracle, n, answer, asked = 0](const P256Point& point) mutable -> absl::StatusOr<SecretBytes> {
    auto honest = oracle(point);
    return asked++ == n ? SecretBytes::CopyOf(answer) : std::move(honest);
  };
}

TEST(SignRecovery, AWrongAnswerAnywhereIsAFault) {
  for (size_t group = 1; group <= kMostPerGroup; ++group) {
    for (int n = 0; n <= static_cast<int>(group); ++n) {
      SoftToken token;
      const Bytes wrong = ToBytes(RandomPoint().x());
      const auto products = RecoverProducts(token.public_key(), RandomPoints(group),
                                            WithAnswer(token.Oracle(), n, wrong), group);
      EXPECT_TRUE(absl::IsDataLoss(products.status())) << group << " elements, answer " << n;
    }
  }
}

TEST(SignRecovery, AnswersThatAreNoCoordinateAreFaults) {
  SoftToken token;
  Bytes no_point(32);
  do {
    ++no_point.back();
  } while (P256Point::LiftX(no_point).ok());
  for (const Bytes& wrong : {no_point, Bytes(32, 0xFF), Bytes(31), Bytes()}) {
    for (int n = 0; n < 2; ++n) {
      const auto products =
          RecoverProducts(token.public_key(), RandomPoints(1), WithAnswer(token.Oracle(), n, wrong), 1);
      EXPECT_TRUE(absl::IsDataLoss(products.status())) << n;
    }
  }
}

// A token that always answers as for G must not make anybody believe kB = ±Q.
TEST(SignRecovery, ThePublicKeysCoordinateForAnotherElementIsAFault) {
  SoftToken token;
  const Bytes q = ToBytes(token.public_key().x());
  for (size_t group = 1; group <= kMostPerGroup; ++group) {
    const auto products =
        RecoverProducts(token.public_key(), RandomPoints(group), WithAnswer(token.Oracle(), 0, q), group);
    EXPECT_TRUE(absl::IsDataLoss(products.status()));
  }
}

// It may even be consistent, and answer for G and 2G.
TEST(SignRecovery, ATokenThatTakesEveryElementForTheGeneratorIsFaulty) {
  SoftToken token;
  const P256Point q = token.public_key();
  for (const bool negated : {false, true}) {
    const P256Point element = negated ? RandomPoint().Negated() : RandomPoint();
    const XOracle oracle = [&](const P256Point& point) -> absl::StatusOr<SecretBytes> {
      return SecretBytes::CopyOf(point == element ? q.x() : Sum(q, q).x());
    };
    EXPECT_TRUE(absl::IsDataLoss(RecoverProducts(q, {&element, 1}, oracle, 1).status()));
  }
}

TEST(SignRecovery, AnErrorOfTheTokenIsPassedOn) {
  SoftToken token;
  const XOracle away = [](const P256Point&) { return absl::UnavailableError("gone"); };
  EXPECT_TRUE(absl::IsUnavailable(RecoverProducts(token.public_key(), RandomPoints(3), away, 4).status()));
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
