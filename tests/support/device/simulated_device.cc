#include "tests/support/device/simulated_device.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "hsm/base/status_macros.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::test {
namespace {

class SwtpmDevice : public SimulatedDevice {
 public:
  explicit SwtpmDevice(std::unique_ptr<Swtpm> tpm) : tpm_(std::move(tpm)) {}
  hsm::DeviceAddress address() const override {
    return {"tpm2:" + (folder_ ? "swtpm:path=" + (folder_->path() / "tpmrm0").string() : tpm_->tcti())};
  }
  void Break() override { tpm_->Kill(); }
  absl::Status Repair() override { return tpm_->Restart(); }
  Swtpm* swtpm() override { return tpm_.get(); }
  void ClaimResourceManager() override {
    folder_.emplace();
    const std::filesystem::path socket = folder_->path() / "tpmrm0";
    std::filesystem::create_symlink(tpm_->socket(), socket);
    std::filesystem::create_symlink(tpm_->socket().string() + ".ctrl", socket.string() + ".ctrl");
  }

 private:
  std::optional<TemporaryFolder> folder_;  // with a name for the socket that says so
  const std::unique_ptr<Swtpm> tpm_;
};

class SoftHsmDevice : public SimulatedDevice {
 public:
  explicit SoftHsmDevice(std::unique_ptr<SoftHsm> token) : token_(std::move(token)) {}
  hsm::DeviceAddress address() const override { return {token_->uri()}; }
  void Break() override { token_->Break(); }
  absl::Status Repair() override {
    token_->Repair();
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<SoftHsm> token_;
};

// An authorisation value for the simulator; it must not end in a zero byte (tpm2-tss 3.2.1).
SecretBytes NewAuthorization() {
  SecretBytes value = SecretBytes::Random(32);
  value.data()[31] |= 1U;
  return value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SimulatedDevice>> SimulatedDevice::Start(SimulatorKind kind) {
  if (kind == SimulatorKind::kSwtpm) {
    LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Swtpm> tpm, Swtpm::Start());
    return std::make_unique<SwtpmDevice>(std::move(tpm));
  }
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<SoftHsm> token, SoftHsm::Start());
  return std::make_unique<SoftHsmDevice>(std::move(token));
}

absl::Status SimulatedDevice::Provision(ByteView realm_id) {
  authorization_ = NewAuthorization();
  hsm::ProvisionOptions options;
  options.realm_id = ToBytes(realm_id);
  options.authorization = authorization_.Clone();
  LABREC_ASSIGN_OR_RETURN(state_, hsm::ProvisionDevice(address(), options));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<hsm::Device>> SimulatedDevice::Open() {
  return hsm::OpenDevice(address(), state_, authorization_);
}

}  // namespace labrec::test
