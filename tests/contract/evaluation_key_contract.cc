#include <gtest/gtest.h>

#include "hsm/base/p256.h"
#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {
namespace {

P256Point RandomPoint() {
  return P256Point::Generator().Times(P256Scalar::Random());
}

P256Point EvaluateOne(Device& device, const P256Point& element) {
  const absl::StatusOr<std::vector<P256Point>> result = device.evaluation_key()->Evaluate({&element, 1});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() && result->size() == 1 ? result->front() : P256Point();
}

TEST_P(EvaluationKeyContract, GeneratorGivesThePublicKey) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(EvaluateOne(*device, P256Point::Generator()), device->evaluation_key()->public_key());
  EXPECT_NE(device->evaluation_key()->public_key(), P256Point::Generator());
}

TEST_P(EvaluationKeyContract, AgreesWithScalarMultiplicationInSoftware) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  for (int i = 0; i < 8; ++i) {
    const P256Scalar a = P256Scalar::Random();
    // k * (a*G) = a * (k*G)
    EXPECT_EQ(EvaluateOne(*device, P256Point::Generator().Times(a)),
              device->evaluation_key()->public_key().Times(a));
    const P256Point element = RandomPoint();
    EXPECT_EQ(EvaluateOne(*device, element.Times(a)), EvaluateOne(*device, element).Times(a));
  }
}

TEST_P(EvaluationKeyContract, IsLinear) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  for (int i = 0; i < 8; ++i) {
    const P256Point a = RandomPoint();
    const P256Point b = RandomPoint();
    EXPECT_EQ(EvaluateOne(*device, *a.Plus(b)), *EvaluateOne(*device, a).Plus(EvaluateOne(*device, b)));
  }
}

TEST_P(EvaluationKeyContract, KeepsTheSignOfY) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const P256Point element = RandomPoint();
  EXPECT_EQ(EvaluateOne(*device, element.Negated()), EvaluateOne(*device, element).Negated());
}

// Elements at which tricks to find the sign of y meet the identity or a doubling.
TEST_P(EvaluationKeyContract, SpecialElements) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const P256Point g = P256Point::Generator();
  const P256Point q = device->evaluation_key()->public_key();
  EXPECT_EQ(EvaluateOne(*device, g.Negated()), q.Negated());
  EXPECT_EQ(EvaluateOne(*device, *g.Plus(g)), *q.Plus(q));
  EXPECT_EQ(EvaluateOne(*device, g.Plus(g)->Negated()), q.Plus(q)->Negated());
  const P256Point kq = EvaluateOne(*device, q);
  EXPECT_EQ(EvaluateOne(*device, q.Negated()), kq.Negated());
  EXPECT_EQ(EvaluateOne(*device, *q.Plus(g)), *kq.Plus(q));
  EXPECT_EQ(EvaluateOne(*device, *q.Plus(g.Negated())), *kq.Plus(q.Negated()));
}

TEST_P(EvaluationKeyContract, BatchesKeepTheOrder) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  ASSERT_GE(device->evaluation_key()->preferred_batch(), 1U);
  for (const size_t size : {1U, 2U, 3U, 4U, 5U, 11U}) {
    std::vector<P256Point> elements;
    std::vector<P256Point> expected;
    for (size_t i = 0; i < size; ++i) {
      const P256Scalar a = P256Scalar::Random();
      elements.push_back(P256Point::Generator().Times(a));
      expected.push_back(device->evaluation_key()->public_key().Times(a));
    }
    const auto result = device->evaluation_key()->Evaluate(elements);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, expected) << "batch of " << size;
  }
}

TEST_P(EvaluationKeyContract, BatchesMayHoldSpecialAndOppositeElements) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const P256Point g = P256Point::Generator();
  const P256Point q = device->evaluation_key()->public_key();
  const P256Scalar a = P256Scalar::Random();
  const std::vector<P256Point> elements = {g, g.Negated(), g.Times(a), g.Times(a).Negated(), g, g};
  const std::vector<P256Point> expected = {q, q.Negated(), q.Times(a), q.Times(a).Negated(), q, q};
  const auto result = device->evaluation_key()->Evaluate(elements);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, expected);
}

TEST_P(EvaluationKeyContract, NothingGivesNothing) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const auto result = device->evaluation_key()->Evaluate({});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->empty());
}

TEST_P(EvaluationKeyContract, IsTheSameAfterReopening) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const P256Point element = RandomPoint();
  const P256Point before = EvaluateOne(*device, element);
  device.reset();
  device = Reopen();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(EvaluateOne(*device, element), before);
}

TEST_P(EvaluationKeyContract, EachRealmHasItsOwn) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const P256Point first = device->evaluation_key()->public_key();
  device.reset();
  const auto other = dut_->Provision(DeviceRoles{}, ToBytes("contract-realm-2"));
  ASSERT_TRUE(other.ok()) << other.status();
  const auto second = dut_->Open(*other);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE((*second)->evaluation_key()->public_key(), first);
  EXPECT_EQ(EvaluateOne(**second, P256Point::Generator()), (*second)->evaluation_key()->public_key());
}

}  // namespace
}  // namespace labrec::hsm::contract
