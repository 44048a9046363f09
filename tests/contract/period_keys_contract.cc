#include <algorithm>

#include <gtest/gtest.h>

#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {
namespace {

PeriodKeyId MakeOk(Device& device, uint64_t number) {
  const absl::StatusOr<PeriodKeyId> id = device.period_keys()->Make(number, 1000 * number);
  EXPECT_TRUE(id.ok()) << id.status();
  return id.ok() ? *id : PeriodKeyId();
}

SecretBytes UseOk(Device& device, const PeriodKeyId& id) {
  absl::StatusOr<SecretBytes> secret = device.period_keys()->Use(id);
  EXPECT_TRUE(secret.ok()) << secret.status();
  return secret.ok() ? *std::move(secret) : SecretBytes();
}

std::vector<PeriodKeyId> ListOk(Device& device) {
  const auto ids = device.period_keys()->List();
  EXPECT_TRUE(ids.ok()) << ids.status();
  return ids.ok() ? *ids : std::vector<PeriodKeyId>();
}

TEST_P(PeriodKeysContract, KeysAreThereUntilTheyAreDestroyed) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  ASSERT_NE(device->period_keys(), nullptr);
  EXPECT_TRUE(ListOk(*device).empty());
  const PeriodKeyId first = MakeOk(*device, 1);
  const PeriodKeyId second = MakeOk(*device, 2);
  EXPECT_EQ(first.number, 1U);
  EXPECT_EQ(first.made_at_ms, 1000U);
  const SecretBytes secret = UseOk(*device, first);
  EXPECT_EQ(secret.size(), 32U);
  EXPECT_FALSE(UseOk(*device, second).Equals(secret.view()));
  device.reset();
  device = Reopen();
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(ListOk(*device), (std::vector{first, second}));
  EXPECT_TRUE(UseOk(*device, first).Equals(secret.view()));
}

TEST_P(PeriodKeysContract, ADestroyedKeyIsGone) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const PeriodKeyId first = MakeOk(*device, 1);
  const PeriodKeyId second = MakeOk(*device, 2);
  const SecretBytes kept = UseOk(*device, second);
  EXPECT_TRUE(device->period_keys()->Destroy(first).ok());
  EXPECT_TRUE(device->period_keys()->Destroy(first).ok()) << "gone already";
  EXPECT_TRUE(absl::IsNotFound(device->period_keys()->Use(first).status()));
  EXPECT_EQ(ListOk(*device), std::vector{second});
  dut_->Break();
  dut_->Repair();
  EXPECT_TRUE(OnceAvailable([&] { return device->period_keys()->List().status(); }).ok());
  EXPECT_TRUE(absl::IsNotFound(device->period_keys()->Use(first).status()));
  EXPECT_TRUE(UseOk(*device, second).Equals(kept.view()));
}

// Of two that make one of the same number, each has its own; and where one destroyed its key, and the other's
// took its place on the device, the first destroys no other by its id.
TEST_P(PeriodKeysContract, AnIdNeverMeansAnothersKey) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const PeriodKeyId mine = MakeOk(*device, 7);
  EXPECT_TRUE(device->period_keys()->Destroy(mine).ok());
  const PeriodKeyId other = MakeOk(*device, 7);
  EXPECT_NE(mine, other);
  EXPECT_TRUE(absl::IsNotFound(device->period_keys()->Use(mine).status()));
  EXPECT_TRUE(device->period_keys()->Destroy(mine).ok());
  EXPECT_EQ(ListOk(*device), std::vector{other});
}

TEST_P(PeriodKeysContract, EachRealmHasItsOwnAndTakesItAlong) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  MakeOk(*device, 1);
  device.reset();
  const DeviceState first = state_;
  const auto state = dut_->Provision(DeviceRoles{}, ToBytes("contract-realm-2"));
  ASSERT_TRUE(state.ok()) << state.status();
  auto second = dut_->Open(*state);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(ListOk(**second).empty());
  const PeriodKeyId id = MakeOk(**second, 1);
  second->reset();
  ASSERT_TRUE(dut_->Deprovision(first).ok());
  second = dut_->Open(*state);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(ListOk(**second), std::vector{id});
}

TEST_P(PeriodKeysContract, ADeviceWithoutTheAnchorHasNone) {
  const auto device = ProvisionAndOpen({.keys = true, .anchor = false});
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->period_keys(), nullptr);
}

TEST_P(PeriodKeysContract, IsUnavailableWhileTheDeviceIsAway) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const PeriodKeyId id = MakeOk(*device, 1);
  dut_->Break();
  EXPECT_FALSE(device->period_keys()->List().ok()) << "no key that is there is said to be gone";
  EXPECT_TRUE(absl::IsUnavailable(device->period_keys()->Use(id).status()));
  EXPECT_TRUE(absl::IsUnavailable(device->period_keys()->Destroy(id)));
}

}  // namespace
}  // namespace labrec::hsm::contract
