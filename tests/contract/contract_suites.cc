#include "tests/contract/contract_suites.h"

#include <chrono>
#include <utility>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "tests/support/process/eventually.h"

namespace labrec::hsm::contract {
namespace {

std::unique_ptr<Device> Claimed(std::unique_ptr<Device> device) {
  if (device == nullptr) return nullptr;
  const absl::Status claimed = device->freshness_anchor()->Claim();
  EXPECT_TRUE(claimed.ok()) << claimed;
  return claimed.ok() ? std::move(device) : nullptr;
}

}  // namespace

void ContractTest::SetUp() {
  dut_ = GetParam().make();
  ASSERT_NE(dut_, nullptr);
  const absl::StatusOr<ProbeReport> probe = dut_->Probe(DeviceRoles{});
  ASSERT_TRUE(probe.ok()) << probe.status();
  ASSERT_TRUE(probe->description.is_simulator)
      << "these tests destroy keys; refused on a device of " << probe->description.manufacturer;
}

const Bytes& ContractTest::RealmId() {
  static const Bytes* const id = new Bytes(ToBytes("contract-realm-1"));
  return *id;
}

std::unique_ptr<Device> ContractTest::ProvisionAndOpen(const DeviceRoles& roles) {
  absl::StatusOr<DeviceState> state = dut_->Provision(roles, RealmId());
  EXPECT_TRUE(state.ok()) << state.status();
  if (!state.ok()) return nullptr;
  state_ = *std::move(state);
  return Reopen();
}

std::unique_ptr<Device> ContractTest::Reopen() {
  absl::StatusOr<std::unique_ptr<Device>> device = dut_->Open(state_);
  EXPECT_TRUE(device.ok()) << device.status();
  return device.ok() ? *std::move(device) : nullptr;
}

std::unique_ptr<Device> FreshnessAnchorContract::ProvisionAndOpen(const DeviceRoles& roles) {
  return Claimed(ContractTest::ProvisionAndOpen(roles));
}

std::unique_ptr<Device> FreshnessAnchorContract::Reopen() {
  return Claimed(ContractTest::Reopen());
}

absl::Status ClaimAndCommit(Device& device, int commits) {
  FreshnessAnchor& anchor = *device.freshness_anchor();
  LABREC_RETURN_IF_ERROR(anchor.Claim());
  for (int i = 0; i < commits; ++i) {
    LABREC_ASSIGN_OR_RETURN(const uint64_t epoch, anchor.CurrentEpoch());
    LABREC_RETURN_IF_ERROR(anchor.Prepare(epoch + 1, Sha256("somebody else's state")).status());
    LABREC_RETURN_IF_ERROR(anchor.Commit(epoch + 1));
  }
  return absl::OkStatus();
}

absl::Status OnceAvailable(const std::function<absl::Status()>& operation) {
  absl::Status status;
  test::Eventually([&] { return !absl::IsUnavailable(status = operation()); }, std::chrono::seconds(10));
  return status;
}

}  // namespace labrec::hsm::contract
