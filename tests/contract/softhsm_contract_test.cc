// The contract suites on SoftHSM2.
#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/pkcs11_device.h"
#include "tests/contract/contract_suites.h"
#include "tests/support/token/softhsm.h"

namespace labrec::hsm::contract {
namespace {

class SoftHsmUnderTest : public DeviceUnderTest {
 public:
  explicit SoftHsmUnderTest(std::unique_ptr<test::SoftHsm> token) : token_(std::move(token)) {}

  absl::StatusOr<ProbeReport> Probe(const DeviceRoles& roles) override {
    return pkcs11::Probe({token_->uri()}, roles);
  }
  absl::StatusOr<DeviceState> Provision(const DeviceRoles& roles, ByteView realm_id) override {
    ProvisionOptions options;
    options.roles = roles;
    options.realm_id = ToBytes(realm_id);
    return pkcs11::Provision({token_->uri()}, options);
  }
  absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceState& state) override {
    return pkcs11::Open({token_->uri()}, state, SecretBytes());
  }
  absl::StatusOr<std::unique_ptr<Device>> OpenUnauthorized(const DeviceState& state) override {
    return pkcs11::Open({token_->UriWithWrongPin()}, state, SecretBytes());
  }
  absl::Status Deprovision(const DeviceState& state) override {
    return pkcs11::Deprovision({token_->uri()}, state, SecretBytes(), SecretBytes());
  }
  void Break() override { token_->Break(); }
  void Repair() override { token_->Repair(); }
  void Replace() override { token_->Replace(); }

  // In this process, as SoftHSM2 bears no second one on a token folder.
  absl::Status CommitElsewhere(const DeviceState& state, int commits) override {
    LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<Device> other, Open(state));
    FreshnessAnchor& anchor = *other->freshness_anchor();
    LABREC_RETURN_IF_ERROR(anchor.Claim());
    for (int i = 0; i < commits; ++i) {
      LABREC_ASSIGN_OR_RETURN(const uint64_t epoch, anchor.CurrentEpoch());
      LABREC_RETURN_IF_ERROR(anchor.Prepare(epoch + 1, Sha256("elsewhere")).status());
      LABREC_RETURN_IF_ERROR(anchor.Commit(epoch + 1));
    }
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<test::SoftHsm> token_;
};

std::unique_ptr<DeviceUnderTest> NewSoftHsm() {
  auto token = test::SoftHsm::Start();
  EXPECT_TRUE(token.ok()) << token.status();
  return token.ok() ? std::make_unique<SoftHsmUnderTest>(*std::move(token)) : nullptr;
}

LABREC_INSTANTIATE_CONTRACTS(SoftHsm, &NewSoftHsm);

}  // namespace
}  // namespace labrec::hsm::contract
