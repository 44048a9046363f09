#include <gtest/gtest.h>
#include <tss2/tss2_tpm2_types.h>

#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/handle.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/realm/storage_key.h"
#include "tests/contract/swtpm_device.h"

namespace labrec::hsm::tpm2 {
namespace {

const Bytes kRealm = ToBytes("contract-realm-1");

class TpmProvision : public testing::Test {
 protected:
  void SetUp() override {
    dut_ = contract::StartSwtpmDevice();
    ASSERT_NE(dut_, nullptr);
  }

  std::unique_ptr<Context> Connect() {
    auto context = Context::Connect(dut_->tpm().tcti());
    EXPECT_TRUE(context.ok()) << context.status();
    return *std::move(context);
  }
  void SetOwnerAuthorization(const SecretBytes& value) {
    const auto context = Connect();
    TPM2B_AUTH auth{};
    auth.size = static_cast<UINT16>(value.size());
    std::copy_n(value.data(), value.size(), auth.buffer);
    ASSERT_EQ(Esys_HierarchyChangeAuth(context->esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &auth),
              TSS2_RC_SUCCESS);
  }
  // Puts a primary key made from `pattern` at 0x81000001, as an installer of the machine would.
  void MakePersistent(const TPM2B_PUBLIC& pattern) {
    const auto context = Connect();
    const TPM2B_SENSITIVE_CREATE sensitive{};
    const TPM2B_DATA outside{};
    const TPML_PCR_SELECTION pcrs{};
    ESYS_TR primary = ESYS_TR_NONE;
    ESYS_TR persistent = ESYS_TR_NONE;
    ASSERT_EQ(Esys_CreatePrimary(context->esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &sensitive, &pattern, &outside, &pcrs, &primary, nullptr,
                                 nullptr, nullptr, nullptr),
              TSS2_RC_SUCCESS);
    const TransientObject owned(*context, primary);
    ASSERT_EQ(Esys_EvictControl(context->esys(), ESYS_TR_RH_OWNER, primary, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, kStorageKeyHandle, &persistent),
              TSS2_RC_SUCCESS);
  }
  std::vector<uint32_t> Handles(uint32_t first) { return HandlesFrom(*Connect(), first).value(); }

  std::unique_ptr<contract::SwtpmDevice> dut_;
};

TPM2B_PUBLIC RsaStorageKey() {
  TPM2B_PUBLIC area = StorageKeyTemplate();
  area.publicArea.type = TPM2_ALG_RSA;
  area.publicArea.parameters.rsaDetail = {};
  area.publicArea.parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_AES;
  area.publicArea.parameters.rsaDetail.symmetric.keyBits.aes = 128;
  area.publicArea.parameters.rsaDetail.symmetric.mode.aes = TPM2_ALG_CFB;
  area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.parameters.rsaDetail.keyBits = 2048;
  area.publicArea.unique.rsa.size = 0;
  return area;
}

TEST_F(TpmProvision, UsesTheStorageKeyThatIsThere) {
  for (const TPM2B_PUBLIC& pattern : {StorageKeyTemplate(), RsaStorageKey()}) {
    ASSERT_TRUE(dut_->tpm().Replace().ok());
    MakePersistent(pattern);
    const auto state = dut_->Provision({}, kRealm);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_NE(state->json.find("\"persistent_handle\": 2164260865"), std::string::npos);
    {
      const auto device = dut_->Open(*state);
      ASSERT_TRUE(device.ok()) << device.status();
      EXPECT_TRUE((*device)->derivation_key()->Derive(AsBytes("record")).ok());
    }
    ASSERT_TRUE(dut_->Deprovision(*state).ok());
    EXPECT_EQ(Handles(TPM2_PERSISTENT_FIRST).size(), 1U);  // it was not ours
  }
}

TEST_F(TpmProvision, PassesByAKeyThatIsNoStorageKey) {
  MakePersistent(EvaluationKeyTemplate());
  const auto state = dut_->Provision({}, kRealm);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_NE(state->json.find("\"persistent_handle\": 0"), std::string::npos);
  EXPECT_TRUE(dut_->Open(*state).ok());
}

TEST_F(TpmProvision, FindsThatItsStorageKeyIsGone) {
  MakePersistent(StorageKeyTemplate());
  const auto state = dut_->Provision({}, kRealm);
  ASSERT_TRUE(state.ok()) << state.status();
  ASSERT_TRUE(dut_->tpm().Replace().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(dut_->Open(*state).status()));  // nothing there
  MakePersistent(StorageKeyTemplate());
  EXPECT_TRUE(absl::IsFailedPrecondition(dut_->Open(*state).status()));  // another one there
}

TEST_F(TpmProvision, WorksUnderAnOwnerAuthorization) {
  const SecretBytes owner = SecretBytes::CopyOf(AsBytes("owner's secret"));
  SetOwnerAuthorization(owner);
  const auto refused = dut_->Provision({}, kRealm);
  EXPECT_TRUE(absl::IsPermissionDenied(refused.status())) << refused.status();
  EXPECT_TRUE(Handles(TPM2_NV_INDEX_FIRST).empty());

  ProvisionOptions options = dut_->Options({}, kRealm);
  options.owner_authorization = owner.Clone();
  const auto state = tpm2::Provision(dut_->address(), options);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(Handles(TPM2_PERSISTENT_FIRST), std::vector<uint32_t>{kStorageKeyHandle});
  EXPECT_TRUE(dut_->Open(*state).ok());  // without the owner's secret

  EXPECT_TRUE(absl::IsPermissionDenied(dut_->Deprovision(*state)));
  EXPECT_EQ(Handles(TPM2_NV_INDEX_FIRST).size(), 2U);
  const absl::Status removed = tpm2::Deprovision(dut_->address(), *state, dut_->authorization(), owner);
  EXPECT_TRUE(removed.ok()) << removed;
  EXPECT_TRUE(Handles(TPM2_PERSISTENT_FIRST).empty());
  EXPECT_TRUE(Handles(TPM2_NV_INDEX_FIRST).empty());
}

// The storage key is made persistent before the indices are defined: a failure between takes it back.
TEST_F(TpmProvision, AFailureUnderAnOwnerAuthorizationLeavesNothing) {
  const SecretBytes owner = SecretBytes::CopyOf(AsBytes("owner's secret"));
  SetOwnerAuthorization(owner);
  ProvisionOptions options = dut_->Options({}, kRealm);
  options.owner_authorization = owner.Clone();
  const auto refused = tpm2::Provision(dut_->address(), options, {0x01800100, 1});
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status())) << refused.status();
  EXPECT_TRUE(Handles(TPM2_PERSISTENT_FIRST).empty());
  EXPECT_TRUE(Handles(TPM2_NV_INDEX_FIRST).empty());
}

TEST_F(TpmProvision, SaysWhenTheOwnerHierarchyWasClosedLater) {
  const auto state = dut_->Provision({}, kRealm);
  ASSERT_TRUE(state.ok()) << state.status();
  SetOwnerAuthorization(SecretBytes::CopyOf(AsBytes("owner's secret")));
  EXPECT_TRUE(absl::IsFailedPrecondition(dut_->Open(*state).status()));
}

TEST_F(TpmProvision, AWrongAuthorizationRemovesNothing) {
  const auto state = dut_->Provision({}, kRealm);
  ASSERT_TRUE(state.ok()) << state.status();
  const absl::Status refused =
      tpm2::Deprovision(dut_->address(), *state, SecretBytes::Random(32), SecretBytes());
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_EQ(Handles(TPM2_NV_INDEX_FIRST).size(), 2U);
  EXPECT_TRUE(dut_->Open(*state).ok());
}

// An index of the same number and Name that somebody else defined is not taken for ours: it has not our
// authorisation value.
TEST_F(TpmProvision, SomebodyElsesIndexIsNotOurs) {
  const auto first = dut_->Provision({.keys = false, .anchor = true}, kRealm);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(dut_->Deprovision(*first).ok());
  ProvisionOptions options = dut_->Options({.keys = false, .anchor = true}, kRealm);
  options.authorization = SecretBytes::Random(32);
  ASSERT_TRUE(tpm2::Provision(dut_->address(), options).ok());
  const auto refused = dut_->Open(*first);
  EXPECT_TRUE(absl::IsPermissionDenied(refused.status())) << refused.status();
}

// A counter never comes back with a value that it or another had before.
TEST_F(TpmProvision, ARemovedCounterNeverComesBack) {
  const auto first = dut_->Provision({}, kRealm);
  ASSERT_TRUE(first.ok()) << first.status();
  uint64_t epoch = 0;
  {
    const auto device = dut_->Open(*first);
    ASSERT_TRUE(device.ok());
    FreshnessAnchor& anchor = *(*device)->freshness_anchor();
    ASSERT_TRUE(anchor.Claim().ok());
    for (int i = 0; i < 3; ++i) {
      epoch = *anchor.CurrentEpoch() + 1;
      ASSERT_TRUE(anchor.Prepare(epoch, Digest{}).ok());
      ASSERT_TRUE(anchor.Commit(epoch).ok());
    }
  }
  ASSERT_TRUE(dut_->Deprovision(*first).ok());
  const auto second = dut_->Provision({}, kRealm);
  ASSERT_TRUE(second.ok()) << second.status();
  const auto device = dut_->Open(*second);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_GT(*(*device)->freshness_anchor()->CurrentEpoch(), epoch);
  // The old keys with the new indices, which have the same numbers and Names, and the same authorisation.
  const auto old = dut_->Open(*first);
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_GT(*(*old)->freshness_anchor()->CurrentEpoch(), epoch);
}

TEST_F(TpmProvision, ChecksWhatItIsAsked) {
  ProvisionOptions options = dut_->Options({.keys = false, .anchor = false}, kRealm);
  EXPECT_TRUE(absl::IsInvalidArgument(tpm2::Provision(dut_->address(), options).status()));
  options = dut_->Options({}, ToBytes("short"));
  EXPECT_TRUE(absl::IsInvalidArgument(tpm2::Provision(dut_->address(), options).status()));
  options = dut_->Options({}, kRealm);
  options.authorization = SecretBytes::Random(31);
  EXPECT_TRUE(absl::IsInvalidArgument(tpm2::Provision(dut_->address(), options).status()));
  EXPECT_TRUE(Handles(TPM2_NV_INDEX_FIRST).empty());
}

}  // namespace
}  // namespace labrec::hsm::tpm2
