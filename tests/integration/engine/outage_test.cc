#include <gtest/gtest.h>

#include "tests/integration/engine/client.h"

// Devices that go away and come back, at every step of a guess: none is gained or lost.
namespace labrec::recovery {
namespace {

using absl::StatusCode;
using test::SimulatorKind;

class EngineOutage : public testing::TestWithParam<SimulatorKind> {
 protected:
  bool Serving() { return realm.engine().status().serving; }
  // A hook that fails the next `times` calls.
  static test::FaultyDevice::Hook Fails(std::shared_ptr<std::atomic<int>> times, absl::Status status) {
    return [times, status] { return times->fetch_sub(1) > 0 ? status : absl::OkStatus(); };
  }
  EngineRealm realm{GetParam()};
  EngineClient client{realm};
};
INSTANTIATE_TEST_SUITE_P(Device, EngineOutage,
                         testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

const absl::Status kAway = absl::UnavailableError("pulled by the test");

TEST_P(EngineOutage, DeviceGoneAndBack) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto before = client.Guess(1);
  ASSERT_EQ(RemainingOf(before), 9);
  realm.simulator().Break();
  ASSERT_TRUE(Eventually([&] { return client.Guess(2).status().code() == StatusCode::kUnavailable; }));
  EXPECT_EQ(client.View().status().code(), StatusCode::kOk);  // reading needs no device
  EXPECT_TRUE(Eventually([&] { return !Serving(); }));
  ASSERT_TRUE(realm.simulator().Repair().ok());
  EXPECT_TRUE(Eventually([&] { return Serving(); }));  // by itself, nobody having asked
  const int left = static_cast<int>(client.Remaining());
  const auto again = client.Guess(1);
  EXPECT_EQ(RemainingOf(again), left);
  EXPECT_EQ(std::get<Evaluated>(*again).evaluated, std::get<Evaluated>(*before).evaluated);
  EXPECT_EQ(RemainingOf(client.Guess(2)), 8);  // counted once, whenever that was
  EXPECT_EQ(RemainingOf(client.Guess(3)), 7);
  EXPECT_EQ(realm.fatal_calls(), 0);
}

TEST_P(EngineOutage, AtPrepareNothingIsCounted) {
  ASSERT_TRUE(client.SetUp().ok());
  realm.device().hooks.before_prepare = Fails(std::make_shared<std::atomic<int>>(1), kAway);
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client.Remaining(), 10U);
  ASSERT_TRUE(Eventually([&] { return Serving(); }));
  EXPECT_EQ(RemainingOf(client.Guess(1)), 9);
}

TEST_P(EngineOutage, BeforeAndAfterTheDeviceCountedAGuessIsCountedOnce) {
  ASSERT_TRUE(client.SetUp().ok());
  realm.device().hooks.before_commit = Fails(std::make_shared<std::atomic<int>>(2), kAway);
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(Eventually([&] { return Serving(); }));
  EXPECT_EQ(RemainingOf(client.Guess(1)), 9);
  realm.device().hooks.after_commit = Fails(std::make_shared<std::atomic<int>>(2), kAway);
  EXPECT_EQ(client.Guess(2).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(Eventually([&] { return Serving(); }));
  EXPECT_EQ(RemainingOf(client.Guess(2)), 8);
  EXPECT_EQ(realm.fatal_calls(), 0);
}

TEST_P(EngineOutage, WhileAnAnchorIsUncertainEverythingIsRefused) {
  ASSERT_TRUE(client.SetUp().ok());
  auto times = std::make_shared<std::atomic<int>>(1'000'000);
  realm.device().hooks.before_commit = Fails(times, kAway);
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client.Guess(2).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client.RaiseFloor(1, 1).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(Serving());
  *times = 0;
  ASSERT_TRUE(Eventually([&] { return Serving(); }));
  EXPECT_EQ(client.Remaining(), 9U);  // the first was written before the device went; the second never was
  EXPECT_EQ(RemainingOf(client.Guess(1)), 9);
}

TEST_P(EngineOutage, StoppedWhileAnAnchorIsUncertainTheNextStartAnchorsIt) {
  ASSERT_TRUE(client.SetUp().ok());
  realm.device().hooks.before_commit = [] { return kAway; };
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  realm.Restart();
  EXPECT_EQ(RemainingOf(client.Guess(1)), 9);
}

TEST_P(EngineOutage, AtEvaluationTheGuessIsCountedAndItsRepeatIsFree) {
  ASSERT_TRUE(client.SetUp().ok());
  realm.device().hooks.before_evaluate = Fails(std::make_shared<std::atomic<int>>(1), kAway);
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(client.Remaining(), 9U);
  ASSERT_TRUE(Eventually([&] { return Serving(); }));
  EXPECT_EQ(RemainingOf(client.Guess(1)), 9);
}

TEST_P(EngineOutage, WhileTheKeysAreAwayNothingIsCounted) {
  ASSERT_TRUE(client.SetUp().ok());
  auto times = std::make_shared<std::atomic<int>>(1'000'000);
  realm.device().hooks.before_derive = Fails(times, kAway);
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(Eventually([&] { return !Serving(); }));
  // Over several rounds of asking the device whether it is back:
  for (uint32_t i = 2; *times > 1'000'000 - 6; ++i) {
    ASSERT_EQ(client.Guess(i).status().code(), StatusCode::kUnavailable);
  }
  EXPECT_EQ(client.Remaining(), 9U);
  *times = 0;
  ASSERT_TRUE(Eventually([&] { return Serving(); }));
  EXPECT_EQ(RemainingOf(client.Guess(2)), 8);
}

TEST_P(EngineOutage, AForeignCounterEndsTheProcess) {
  ASSERT_TRUE(client.SetUp().ok());
  realm.device().hooks.before_commit = [] { return absl::DataLossError("somebody else counted"); };
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Eventually([&] { return realm.fatal_calls() == 1; }));
  EXPECT_EQ(client.Guess(2).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(Serving());
  realm.Stop();
  EXPECT_EQ(realm.fatal_calls(), 1);
}

TEST_P(EngineOutage, ALostClaimEndsTheProcess) {
  ASSERT_TRUE(client.SetUp().ok());
  realm.device().hooks.before_prepare = [] {
    return absl::DataLossError("another process claimed the anchor");
  };
  EXPECT_EQ(client.Guess(1).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Eventually([&] { return realm.fatal_calls() == 1; }));
}

}  // namespace
}  // namespace labrec::recovery
