#pragma once

#include <memory>

#include "hsm/tpm2/tpm2_device.h"
#include "tests/contract/device_under_test.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::hsm::contract {

// A swtpm of its own, at the address "tpm2:swtpm:path=...".
class SwtpmDevice final : public DeviceUnderTest {
 public:
  explicit SwtpmDevice(std::unique_ptr<test::Swtpm> tpm) : tpm_(std::move(tpm)) {}

  absl::StatusOr<ProbeReport> Probe(const DeviceRoles& roles) override;
  absl::StatusOr<DeviceState> Provision(const DeviceRoles& roles, ByteView realm_id) override;
  absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceState& state) override;
  absl::StatusOr<std::unique_ptr<Device>> OpenUnauthorized(const DeviceState& state) override;
  absl::Status Deprovision(const DeviceState& state) override;
  void Break() override;
  void Repair() override;
  void Replace() override;
  absl::Status CommitElsewhere(const DeviceState& state, int commits) override;

  DeviceAddress address() const { return {"tpm2:" + tpm_->tcti()}; }
  ProvisionOptions Options(const DeviceRoles& roles, ByteView realm_id) const;
  const SecretBytes& authorization() const { return authorization_; }
  test::Swtpm& tpm() { return *tpm_; }

 private:
  std::unique_ptr<test::Swtpm> tpm_;
  SecretBytes authorization_ = SecretBytes::Random(32);
};

// Null, and a failure of the running test, if no swtpm can be started.
std::unique_ptr<SwtpmDevice> StartSwtpmDevice();

}  // namespace labrec::hsm::contract
