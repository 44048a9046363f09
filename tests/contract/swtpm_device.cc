#include "tests/contract/swtpm_device.h"

#include "hsm/base/status_macros.h"
#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {

absl::StatusOr<ProbeReport> SwtpmDevice::Probe(const DeviceRoles& roles) {
  return tpm2::Probe(address(), roles);
}

ProvisionOptions SwtpmDevice::Options(const DeviceRoles& roles, ByteView realm_id) const {
  ProvisionOptions options;
  options.roles = roles;
  options.realm_id = ToBytes(realm_id);
  options.authorization = authorization_.Clone();
  return options;
}

absl::StatusOr<DeviceState> SwtpmDevice::Provision(const DeviceRoles& roles, ByteView realm_id) {
  return tpm2::Provision(address(), Options(roles, realm_id));
}

absl::StatusOr<std::unique_ptr<Device>> SwtpmDevice::Open(const DeviceState& state) {
  return tpm2::Open(address(), state, authorization_);
}

absl::StatusOr<std::unique_ptr<Device>> SwtpmDevice::OpenUnauthorized(const DeviceState& state) {
  return tpm2::Open(address(), state, SecretBytes::Random(32));
}

absl::Status SwtpmDevice::Deprovision(const DeviceState& state) {
  return tpm2::Deprovision(address(), state, authorization_, SecretBytes());
}

void SwtpmDevice::Break() {
  tpm_->Kill();
}

void SwtpmDevice::Repair() {
  const absl::Status started = tpm_->Restart();
  EXPECT_TRUE(started.ok()) << started;
}

void SwtpmDevice::Replace() {
  const absl::Status started = tpm_->Replace();
  EXPECT_TRUE(started.ok()) << started;
}

absl::Status SwtpmDevice::CommitElsewhere(const DeviceState& state, int commits) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<Device> other, Open(state));
  return ClaimAndCommit(*other, commits);
}

std::unique_ptr<SwtpmDevice> StartSwtpmDevice() {
  absl::StatusOr<std::unique_ptr<test::Swtpm>> tpm = test::Swtpm::Start();
  EXPECT_TRUE(tpm.ok()) << tpm.status();
  return tpm.ok() ? std::make_unique<SwtpmDevice>(*std::move(tpm)) : nullptr;
}

}  // namespace labrec::hsm::contract
