#include <chrono>

#include <gtest/gtest.h>

#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {
namespace {

absl::Status TryAll(Device& device) {
  const auto evaluated = device.evaluation_key()->Evaluate({&P256Point::Generator(), 1});
  if (!evaluated.ok()) return evaluated.status();
  if (evaluated->front() != device.evaluation_key()->public_key()) return absl::InternalError("wrong point");
  const auto derived = device.derivation_key()->Derive(AsBytes("record"));
  if (!derived.ok()) return derived.status();
  Bytes random(8);
  return device.random()->Fill(random);
}

TEST_P(DeviceContract, ProbeMakesNothingAndSuffices) {
  for (const DeviceRoles roles :
       {DeviceRoles{true, true}, DeviceRoles{true, false}, DeviceRoles{false, true}}) {
    const auto report = dut_->Probe(roles);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_FALSE(report->findings.empty());
    for (const ProbeFinding& finding : report->findings) {
      EXPECT_TRUE(finding.present) << finding.what << ": " << finding.remedy;
    }
  }
}

TEST_P(DeviceContract, DescribesItself) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  const DeviceDescription& description = device->description();
  EXPECT_TRUE(description.kind == "tpm2" || description.kind == "pkcs11") << description.kind;
  EXPECT_FALSE(description.manufacturer.empty());
  EXPECT_FALSE(description.model.empty());
  EXPECT_FALSE(description.firmware.empty());
  EXPECT_TRUE(description.is_simulator);
  EXPECT_FALSE(description.warning.empty());
  EXPECT_GE(device->parallelism(), 1);
}

TEST_P(DeviceContract, HasAllItWasProvisionedFor) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  ASSERT_NE(device->freshness_anchor(), nullptr);
  const absl::Status all = TryAll(*device);
  EXPECT_TRUE(all.ok()) << all;
}

TEST_P(DeviceContract, HasNothingItWasNotProvisionedFor) {
  auto device = ProvisionAndOpen(DeviceRoles{.keys = true, .anchor = false});
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->freshness_anchor(), nullptr);
  EXPECT_TRUE(TryAll(*device).ok());
  device = ProvisionAndOpen(DeviceRoles{.keys = false, .anchor = true});
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->evaluation_key(), nullptr);
  EXPECT_EQ(device->derivation_key(), nullptr);
  EXPECT_NE(device->freshness_anchor(), nullptr);
}

TEST_P(DeviceContract, RefusesAWrongAuthorization) {
  for (const DeviceRoles roles :
       {DeviceRoles{true, true}, DeviceRoles{true, false}, DeviceRoles{false, true}}) {
    auto device = ProvisionAndOpen(roles);
    ASSERT_NE(device, nullptr);
    device.reset();
    const auto refused = dut_->OpenUnauthorized(state_);
    EXPECT_TRUE(absl::IsPermissionDenied(refused.status())) << refused.status();
    device = Reopen();  // and is not locked by it
    EXPECT_NE(device, nullptr);
  }
}

TEST_P(DeviceContract, SaysUnavailableAtOnceAndComesBack) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  ASSERT_TRUE(TryAll(*device).ok());
  for (int round = 0; round < 2; ++round) {
    dut_->Break();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(absl::IsUnavailable(TryAll(*device)));
      Bytes random(8);
      ASSERT_TRUE(absl::IsUnavailable(device->random()->Fill(random)));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    dut_->Repair();
    const absl::Status back = OnceAvailable([&] { return TryAll(*device); });
    EXPECT_TRUE(back.ok()) << back;
  }
}

TEST_P(DeviceContract, NoticesThatTheDeviceWasReplaced) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  dut_->Break();
  EXPECT_TRUE(absl::IsUnavailable(TryAll(*device)));
  dut_->Replace();
  const absl::Status other = OnceAvailable([&] { return TryAll(*device); });
  EXPECT_TRUE(absl::IsFailedPrecondition(other)) << other;
  EXPECT_TRUE(absl::IsFailedPrecondition(OnceAvailable([&] { return TryAll(*device); })));
}

TEST_P(DeviceContract, AnotherDeviceIsNotOpened) {
  for (const DeviceRoles roles :
       {DeviceRoles{true, true}, DeviceRoles{true, false}, DeviceRoles{false, true}}) {
    auto device = ProvisionAndOpen(roles);
    ASSERT_NE(device, nullptr);
    device.reset();
    dut_->Replace();
    const auto other = dut_->Open(state_);
    EXPECT_TRUE(absl::IsFailedPrecondition(other.status())) << other.status();
  }
}

TEST_P(DeviceContract, OpenWithoutADeviceIsUnavailable) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  device.reset();
  dut_->Break();
  EXPECT_TRUE(absl::IsUnavailable(dut_->Open(state_).status()));
  dut_->Repair();
  EXPECT_NE(Reopen(), nullptr);
}

TEST_P(DeviceContract, StateThatIsNoneIsRefused) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  device.reset();
  for (const char* text : {"", "{", "{}", "[]", "null", "{\"format\": 7}"}) {
    const absl::Status refused = dut_->Open(DeviceState{text}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << text << ": " << refused;
  }
  for (size_t size = 0; size < state_.json.size(); size += 7) {
    EXPECT_FALSE(dut_->Open(DeviceState{state_.json.substr(0, size)}).ok()) << size;
  }
}

TEST_P(DeviceContract, DeprovisioningIsForEver) {
  auto device = ProvisionAndOpen(DeviceRoles{.keys = false, .anchor = true});
  ASSERT_NE(device, nullptr);
  device.reset();
  const absl::Status removed = dut_->Deprovision(state_);
  ASSERT_TRUE(removed.ok()) << removed;
  const auto gone = dut_->Open(state_);
  EXPECT_TRUE(absl::IsFailedPrecondition(gone.status())) << gone.status();
}

TEST_P(DeviceContract, CanBeProvisionedManyTimesOver) {
  for (int i = 0; i < 12; ++i) {
    const auto device = ProvisionAndOpen();
    ASSERT_NE(device, nullptr) << i;
    const absl::Status removed = dut_->Deprovision(state_);
    ASSERT_TRUE(removed.ok()) << i << ": " << removed;
  }
}

// What one realm's removal leaves of another's: all of it.
TEST_P(DeviceContract, DeprovisioningLeavesOtherRealmsAlone) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  device.reset();
  const auto other = dut_->Provision(DeviceRoles{}, ToBytes("contract-realm-2"));
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_TRUE(dut_->Deprovision(*other).ok());
  device = Reopen();
  ASSERT_NE(device, nullptr);
  EXPECT_TRUE(TryAll(*device).ok());
  EXPECT_TRUE(device->freshness_anchor()->CurrentEpoch().ok());
}

// Whether it counts uses of keys by itself is never left open.
TEST_P(DeviceContract, CountsKeysOrSaysWhyNot) {
  for (const DeviceRoles& roles : {DeviceRoles{}, DeviceRoles{.keys = false, .anchor = true}}) {
    const auto device = ProvisionAndOpen(roles);
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->counted_keys() == nullptr, !device->description().no_counted_keys.empty());
  }
}

}  // namespace
}  // namespace labrec::hsm::contract
