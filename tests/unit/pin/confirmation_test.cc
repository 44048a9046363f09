#include "pin/confirmation.h"

#include <vector>

#include <gtest/gtest.h>

namespace labrec::pin {
namespace {

P256Point RandomPoint() {
  return P256Point::Generator().Times(P256Scalar::Random());
}

std::vector<P256Point> Evaluate(const Confirmation& confirmation, const P256Scalar& key) {
  std::vector<P256Point> answers;
  for (const P256Point& element : confirmation.elements()) answers.push_back(element.Times(key));
  return answers;
}

TEST(Confirmation, TakesTheCertifiedKeysAnswer) {
  const P256Scalar key = P256Scalar::Random();
  const P256Point element = RandomPoint();
  const Confirmation confirmation(element);
  const auto evaluated = confirmation.Check(Evaluate(confirmation, key), P256Point::Generator().Times(key));
  ASSERT_TRUE(evaluated.ok()) << evaluated.status();
  EXPECT_EQ(*evaluated, element.Times(key));
}

// Whoever says which generator it is to use gets all of it from there.
TEST(Confirmation, DrawsFromItsCallersSource) {
  const P256Point element = RandomPoint();
  const auto with = [&](uint8_t first) {
    const Confirmation confirmation(element, [next = first](std::span<uint8_t> to) mutable {
      for (uint8_t& byte : to) byte = next++;
    });
    return std::vector<P256Point>(confirmation.elements().begin(), confirmation.elements().end());
  };
  EXPECT_EQ(with(1), with(1));
  EXPECT_NE(with(1), with(2));
}

TEST(Confirmation, RefusesAnotherKey) {
  const Confirmation confirmation(RandomPoint());
  const auto answers = Evaluate(confirmation, P256Scalar::Random());
  const auto checked = confirmation.Check(answers, RandomPoint());
  EXPECT_EQ(checked.status().code(), absl::StatusCode::kPermissionDenied);
}

// A host that has the certified key, and mixes in one of its own for either element, or for both differently.
TEST(Confirmation, RefusesAnyMixtureOfKeys) {
  const P256Scalar certified = P256Scalar::Random();
  const P256Scalar own = P256Scalar::Random();
  const P256Point public_key = P256Point::Generator().Times(certified);
  const Confirmation confirmation(RandomPoint());
  const auto& elements = confirmation.elements();
  const std::vector<std::vector<P256Point>> tries = {
      {elements[0].Times(own), elements[1].Times(certified)},
      {elements[0].Times(certified), elements[1].Times(own)},
      {elements[1].Times(certified), elements[0].Times(certified)},
      {elements[0].Times(certified).Negated(), elements[1].Times(certified)},
      {elements[0].Times(certified).Plus(P256Point::Generator()).value(),
       elements[1].Times(certified).Plus(P256Point::Generator()).value()},
      {elements[0], elements[1]},
  };
  for (const auto& answers : tries) EXPECT_FALSE(confirmation.Check(answers, public_key).ok());
}

TEST(Confirmation, NeedsTwoAnswers) {
  const Confirmation confirmation(RandomPoint());
  const std::vector<P256Point> one = {RandomPoint()};
  EXPECT_EQ(confirmation.Check(one, RandomPoint()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(confirmation.Check({}, RandomPoint()).status().code(), absl::StatusCode::kInvalidArgument);
}

// The element stands in either place, about as often in each: 200 draws leave [60, 140] with probability <
// 1e-7.
TEST(Confirmation, HidesWhichElementItIs) {
  const P256Point element = RandomPoint();
  int first = 0;
  for (int i = 0; i < 200; ++i) {
    const Confirmation confirmation(element);
    const bool leads = confirmation.elements()[0] == element;
    EXPECT_TRUE(leads || confirmation.elements()[1] == element);
    first += leads ? 1 : 0;
  }
  EXPECT_GT(first, 60);
  EXPECT_LT(first, 140);
}

TEST(Confirmation, AsksSomethingElseEachTime) {
  const P256Point element = RandomPoint();
  const Confirmation one(element);
  const Confirmation two(element);
  for (const P256Point& a : one.elements()) {
    for (const P256Point& b : two.elements()) EXPECT_EQ(a == b, a == element && b == element);
  }
}

}  // namespace
}  // namespace labrec::pin
