#pragma once

#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "tests/contract/device_under_test.h"

namespace labrec::hsm::contract {

// A factory-new device, refused unless it says that it is a simulator, and never provisioned before the
// test does so.
class ContractTest : public testing::TestWithParam<DeviceKind> {
 protected:
  void SetUp() override;

  static const Bytes& RealmId();
  // Provisioned for `roles` and opened; the first failure ends the test.
  std::unique_ptr<Device> ProvisionAndOpen(const DeviceRoles& roles = {});
  // Opens it once more.
  std::unique_ptr<Device> Reopen();

  std::unique_ptr<DeviceUnderTest> dut_;
  DeviceState state_;  // of the last ProvisionAndOpen
};

// One suite per capability, and one for what a Device as a whole promises.
class DeviceContract : public ContractTest {};
class EvaluationKeyContract : public ContractTest {};
class DerivationKeyContract : public ContractTest {};
class FreshnessAnchorContract : public ContractTest {
 protected:
  // As those of ContractTest, and claims the anchor, as a service does when it starts.
  std::unique_ptr<Device> ProvisionAndOpen(const DeviceRoles& roles = {});
  std::unique_ptr<Device> Reopen();
};
class RandomContract : public ContractTest {};
class PeriodKeysContract : public ContractTest {};

// Claims the anchor of `device` and commits the next `commits` epochs, as somebody else would.
absl::Status ClaimAndCommit(Device& device, int commits);

// Calls `operation` until it no longer says UNAVAILABLE, at most ten seconds.
absl::Status OnceAvailable(const std::function<absl::Status()>& operation);

// In a test file: instantiates every suite for one kind of device.
#define LABREC_INSTANTIATE_CONTRACTS(name, factory)                                                     \
  INSTANTIATE_TEST_SUITE_P(name, DeviceContract, testing::Values(DeviceKind{#name, factory}));          \
  INSTANTIATE_TEST_SUITE_P(name, EvaluationKeyContract, testing::Values(DeviceKind{#name, factory}));   \
  INSTANTIATE_TEST_SUITE_P(name, DerivationKeyContract, testing::Values(DeviceKind{#name, factory}));   \
  INSTANTIATE_TEST_SUITE_P(name, FreshnessAnchorContract, testing::Values(DeviceKind{#name, factory})); \
  INSTANTIATE_TEST_SUITE_P(name, PeriodKeysContract, testing::Values(DeviceKind{#name, factory}));      \
  INSTANTIATE_TEST_SUITE_P(name, RandomContract, testing::Values(DeviceKind{#name, factory}))

}  // namespace labrec::hsm::contract
