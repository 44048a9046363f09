// Keys that are bound to PCRs by an approver's signature: what works, what is refused and by whom, and that
// the client's verifier sees it.

#include <atomic>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tss2/tss2_esys.h>

#include "attestation/evidence/refusal.h"
#include "attestation/produce/prover.h"
#include "attestation/verify/attest_policy.h"
#include "attestation/verify/realm_verifier.h"
#include "hsm/base/clock.h"
#include "hsm/pcr/approval_folder.h"
#include "hsm/tpm2/attest/statements.h"
#include "hsm/tpm2/link/commands.h"
#include "hsm/tpm2/link/external_key.h"
#include "hsm/tpm2/realm/loaded_realm.h"
#include "tests/contract/contract_suites.h"
#include "tests/contract/swtpm_device.h"
#include "tests/support/process/eventually.h"
#include "tests/support/tpm/ek_certificate.h"
#include "tests/support/tpm/local_ca.h"
#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::hsm::tpm2 {
namespace {

using hsm::PcrValues;
using testing::HasSubstr;

const Bytes kRealm = ToBytes("contract-realm-1");
const PcrSelection kPcrs = *PcrSelection::Parse("sha256:0,2,7");
const P256Point kElement = EcdsaPrivateKey::Generate().public_key().point();

class TpmPcr : public testing::Test {
 protected:
  void SetUp() override {
    dut_ = contract::StartSwtpmDevice();
    ASSERT_NE(dut_, nullptr);
  }

  PcrValues Present() const { return {kPcrs, ReadPcrsOf(dut_->address(), kPcrs).value()}; }
  void ApprovePresent() { Add(hsm::Approve(approver_, Present())); }
  void Add(const hsm::PcrApproval& approval) { ASSERT_TRUE(hsm::AddApproval(approvals(), approval).ok()); }
  std::filesystem::path approvals() const { return folder_.path() / "pcr-approvals"; }

  absl::StatusOr<DeviceState> Provision() {
    ProvisionOptions options = dut_->Options({}, kRealm);
    options.pcr_binding = PcrBinding{kPcrs, approver_.public_key()};
    options.pcr_approvals = approvals();
    return tpm2::Provision(dut_->address(), options);
  }
  void MakeRealm() {
    ApprovePresent();
    const auto state = Provision();
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *state;
    auto device = Reopen();
    ASSERT_TRUE(device.ok()) << device.status();
    device_ = *std::move(device);
  }
  absl::StatusOr<std::unique_ptr<Device>> Reopen() {
    return tpm2::Open(dut_->address(), state_, dut_->authorization(), approvals());
  }

  // Without a word to the device: nothing of it is flushed.
  static void Extend(const std::string& tcti, uint32_t pcr) {
    const auto context = Context::Connect(tcti);
    ASSERT_TRUE(context.ok()) << context.status();
    TPML_DIGEST_VALUES values{};
    values.count = 1;
    values.digests[0].hashAlg = TPM2_ALG_SHA256;
    values.digests[0].digest.sha256[0] = 1;
    ASSERT_EQ(Esys_PCR_Extend((*context)->esys(), ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, &values),
              TSS2_RC_SUCCESS);
  }
  void Extend(uint32_t pcr) { Extend(dut_->tpm().tcti(), pcr); }

  absl::StatusOr<P256Point> Evaluate() {
    const auto results = device_->evaluation_key()->Evaluate({&kElement, 1});
    if (!results.ok()) return results.status();
    return results->front();
  }
  // Until the device looks again (the link's back-off), at most ten seconds.
  absl::StatusOr<P256Point> EvaluateInTheEnd() {
    absl::StatusOr<P256Point> result;
    test::Eventually([&] { return (result = Evaluate()).ok(); }, std::chrono::seconds(10));
    return result;
  }

  test::TemporaryFolder folder_;
  const EcdsaPrivateKey approver_ = EcdsaPrivateKey::Generate();
  std::unique_ptr<contract::SwtpmDevice> dut_;
  DeviceState state_;
  std::unique_ptr<Device> device_;
};

// An open device waits for the approver (UNAVAILABLE); what is to be opened or made is not.
void ExpectRefused(const absl::Status& status, std::string_view pcrs,
                   absl::StatusCode code = absl::StatusCode::kFailedPrecondition) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(pcrs)));
  EXPECT_THAT(std::string(status.message()), HasSubstr("labyrinth-admin pcr approve"));
}

TEST_F(TpmPcr, ApprovedKeysDoAllThatOthersDo) {
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  EXPECT_EQ(PcrBindingOf(state_).value()->pcrs, kPcrs);
  const auto first = Evaluate();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*Evaluate(), *first);
  EXPECT_EQ(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1})->front(),
            device_->evaluation_key()->public_key());
  const auto derived = device_->derivation_key()->Derive(AsBytes("record"));
  ASSERT_TRUE(derived.ok()) << derived.status();
  EXPECT_TRUE(contract::ClaimAndCommit(*device_, 2).ok());
  EXPECT_NE(device_->counted_keys(), nullptr) << device_->description().no_counted_keys;
  dut_->Break();  // and after a reset of the TPM, which its PCRs do not survive either
  dut_->Repair();
  EXPECT_EQ(EvaluateInTheEnd().value(), *first);
  EXPECT_TRUE(device_->derivation_key()->Derive(AsBytes("record"))->Equals(derived->view()));
}

TEST_F(TpmPcr, AChangedPcrStopsTheKeysUntilItIsApproved) {
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  const P256Point before = Evaluate().value();
  Extend(7);
  constexpr auto kAway = absl::StatusCode::kUnavailable;
  ExpectRefused(Evaluate().status(), "other values of sha256:7", kAway);
  ExpectRefused(device_->derivation_key()->Derive(AsBytes("record")).status(), "sha256:0,2,7", kAway);
  ExpectRefused(Reopen().status(), "other values of sha256:7");
  ApprovePresent();
  EXPECT_EQ(EvaluateInTheEnd().value(), before) << "the same key, without a restart";
  device_.reset();
  device_ = Reopen().value();
  EXPECT_EQ(Evaluate().value(), before);
  Extend(10);
  EXPECT_EQ(Evaluate().value(), before) << "nothing is bound to that one";
}

// A planned update: both values approved before, nothing to do after it. Back to the old ones works too.
TEST_F(TpmPcr, SeveralApprovalsAreGoodAtOnce) {
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  const P256Point before = Evaluate().value();
  PcrValues planned = Present();
  const Digest extended = [&] {
    Bytes both = planned.values[1];
    both.push_back(1);
    both.resize(64, 0);
    return Sha256(both);
  }();
  planned.values[1] = Bytes(extended.begin(), extended.end());
  Add(hsm::Approve(approver_, planned));
  Extend(2);
  ASSERT_EQ(Present(), planned);
  EXPECT_EQ(Evaluate().value(), before) << "not even one call fails";
  dut_->Break();
  dut_->Repair();
  EXPECT_EQ(EvaluateInTheEnd().value(), before);
}

TEST_F(TpmPcr, OnlyTheApproversWordForThesePcrsCounts) {
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  device_.reset();
  Extend(0);
  hsm::PcrApproval forged = hsm::Approve(EcdsaPrivateKey::Generate(), Present());
  Add(forged);
  ExpectRefused(Reopen().status(), "is not signed by this realm's approver");
  const PcrSelection fewer = *PcrSelection::Parse("sha256:2,7");
  Add(hsm::Approve(approver_, {fewer, ReadPcrsOf(dut_->address(), fewer).value()}));
  ExpectRefused(Reopen().status(), "is for other PCRs (sha256:2,7)");
  ApprovePresent();
  EXPECT_TRUE(Reopen().ok());
}

// All that follows is done by somebody who has the authorisation file and speaks to the TPM himself.
TEST_F(TpmPcr, TheTpmItselfRefuses) {
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  device_.reset();
  const auto realm =
      LoadRealm(dut_->tpm().tcti(), ReadState(state_).value(), dut_->authorization(), approvals());
  ASSERT_TRUE(realm.ok()) << realm.status();
  Context& context = *(*realm)->context;
  const ESYS_TR key = (*realm)->evaluation_key.esys();
  const auto use = [&](ESYS_TR session) { return Multiply(context, session, key, kElement).status(); };
  EXPECT_THAT(use((*realm)->session->For(Encrypt::kBoth)).ToString(), HasSubstr("TPM_RC_AUTH_UNAVAILABLE"))
      << "by the authorisation value alone";

  // By an approval and its ticket, one step left out or changed.
  (*realm)->hmac_key.Reset();  // room for the approver's key
  const PcrValues old = Present();
  const hsm::PcrApproval approval = hsm::Approve(approver_, old);
  const Bytes policy = hsm::ApprovedPolicy(old);
  const TransientObject approver = LoadExternalKey(context, approver_.public_key(), ESYS_TR_RH_OWNER).value();
  const Bytes name = NameOf(context, approver.esys()).value();
  TPM2B_DIGEST digest{};
  digest.size = 32;
  const Digest hashed = Sha256(policy);
  std::copy(hashed.begin(), hashed.end(), digest.buffer);
  const auto ticket = [&](const std::array<uint8_t, 64>& signature) -> absl::StatusOr<TPMT_TK_VERIFIED> {
    const TPMT_SIGNATURE in = EcdsaSignature(signature);
    TPMT_TK_VERIFIED* made = nullptr;
    const absl::Status status = context.Check(
        "TPM2_VerifySignature", Esys_VerifySignature(context.esys(), approver.esys(), ESYS_TR_NONE,
                                                     ESYS_TR_NONE, ESYS_TR_NONE, &digest, &in, &made));
    if (!status.ok()) return status;
    const EsysPtr<TPMT_TK_VERIFIED> owned(made);
    return *made;
  };
  EXPECT_FALSE(ticket(hsm::Approve(EcdsaPrivateKey::Generate(), old).signature).ok());
  const TPMT_TK_VERIFIED good = ticket(approval.signature).value();
  PolicySession session = PolicySession::Start(context).value();
  const auto begin = [&] {
    ASSERT_TRUE(session.Restart().ok());
    ASSERT_TRUE(session.Pcr(ToTpm(kPcrs), hsm::PcrDigest(Present())).ok());
  };
  begin();
  ASSERT_TRUE(session.Authorize(policy, name, good).ok());
  EXPECT_FALSE(use(session.For()).ok()) << "without PolicyAuthValue";
  begin();
  ASSERT_TRUE(session.AuthValue().ok());
  EXPECT_FALSE(use(session.For()).ok()) << "without PolicyAuthorize";
  Extend(7);
  begin();
  EXPECT_FALSE(session.Authorize(policy, name, good).ok()) << "the old approval for other values";
  EXPECT_FALSE(session.Authorize(hsm::ApprovedPolicy(Present()), name, good).ok())
      << "the old ticket for the new values";
}

// A PCR that the keys are not bound to changes between the policy's check and the use, as by Linux' IMA: the
// TPM refuses that use, and the next attempt is good.
TEST_F(TpmPcr, AnUnrelatedChangeInTheMiddleOfAUseIsRepeated) {
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  const P256Point before = Evaluate().value();
  device_.reset();
  std::atomic<int> armed = 0;
  std::atomic<int> uses = 0;
  const auto proxy = test::TpmProxy::Start(dut_->tpm().socket(), [&](const test::TpmProxy::Command& command) {
    if (command.code == TPM2_CC_ECDH_ZGen) {
      ++uses;
      if (armed-- > 0) Extend(dut_->tpm().tcti(), 10);
    }
    return test::TpmProxy::Fate::kForward;
  });
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  auto device = tpm2::Open({"tpm2:" + (*proxy)->tcti()}, state_, dut_->authorization(), approvals());
  ASSERT_TRUE(device.ok()) << device.status();
  device_ = *std::move(device);
  uses = 0;
  armed = 2;
  const auto result = Evaluate();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, before);
  EXPECT_EQ(uses, 3);
  armed = 1000;
  EXPECT_EQ(Evaluate().status().code(), absl::StatusCode::kUnavailable) << "it does not try for ever";
  armed = 0;
  EXPECT_EQ(Evaluate().value(), before);
}

TEST_F(TpmPcr, AUseTakesFourCommandsWhereAnUnboundKeyTakesOne) {
  ApprovePresent();
  const auto proxy = test::TpmProxy::Start(
      dut_->tpm().socket(), [](const test::TpmProxy::Command&) { return test::TpmProxy::Fate::kForward; });
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  for (const bool bound : {false, true}) {
    const auto state = bound ? Provision() : dut_->Provision({}, kRealm);
    ASSERT_TRUE(state.ok()) << state.status();
    auto device = tpm2::Open({"tpm2:" + (*proxy)->tcti()}, *state, dut_->authorization(), approvals());
    ASSERT_TRUE(device.ok()) << device.status();
    device_ = *std::move(device);
    for (int i = 0; i < 3; ++i) {
      const uint64_t before = (*proxy)->commands();
      ASSERT_TRUE(Evaluate().ok());
      EXPECT_EQ((*proxy)->commands() - before, bound ? 4U : 1U);
    }
    const uint64_t before = (*proxy)->commands();
    ASSERT_TRUE(device_->derivation_key()->Derive(AsBytes("record")).ok());
    EXPECT_EQ((*proxy)->commands() - before, bound ? 4U : 1U);
    device_.reset();
  }
}

TEST_F(TpmPcr, NothingIsMadeWithoutAnApproval) {
  ExpectRefused(Provision().status(), "sha256:0,2,7");
  ProvisionOptions anchor = dut_->Options({false, true}, kRealm);
  anchor.pcr_binding = PcrBinding{kPcrs, approver_.public_key()};
  EXPECT_EQ(tpm2::Provision(dut_->address(), anchor).status().code(), absl::StatusCode::kInvalidArgument);
}

// A client whose policy file names the approver believes a bound realm, and no other.
TEST_F(TpmPcr, TheVerifierSeesTheBinding) {
  ASSERT_TRUE(test::GiveEkCertificate(dut_->tpm(), test::EkKind::kRsa2048).ok());
  const Digest nonce = Sha256("a client's nonce");
  const auto verify = [&](const EcdsaPublicKey& expected) {
    attestation::Prover prover(*device_->attester(), {{test::LocalCa::Instance().Issuer().value()}, kPcrs});
    const auto identity = attestation::CheckIdentity(
        prover.Identity().value(), test::LocalCa::Instance().Trust().value(), SystemClock().NowMillis());
    const attestation::AkChallenge challenge = attestation::ChallengeAk(identity.value()).value();
    attestation::RealmEvidence evidence;
    EXPECT_TRUE(prover.AddIdentity(evidence).ok());
    EXPECT_TRUE(prover.AddActivated(evidence, challenge.blob).ok()) << "three sessions are enough";
    EXPECT_TRUE(prover.AddKeys(evidence, nonce).ok());
    EXPECT_TRUE(prover.AddQuote(evidence, nonce).ok());
    attestation::AttestPolicy policy;
    policy.trust = test::LocalCa::Instance().Trust().value();
    policy.pcr_approver = expected;
    return attestation::VerifyRealm({policy, SystemClock().NowMillis(), std::nullopt, nonce,
                                     device_->evaluation_key()->public_key()},
                                    challenge, evidence)
        .status();
  };
  MakeRealm();
  ASSERT_NE(device_, nullptr);
  const absl::Status proven = verify(approver_.public_key());
  EXPECT_TRUE(proven.ok()) << proven;
  EXPECT_EQ(attestation::ReasonOf(verify(EcdsaPrivateKey::Generate().public_key())),
            attestation::RefusalReason::kKeyPolicy);
  ASSERT_TRUE(Evaluate().ok());
  device_.reset();
  device_ = dut_->Open(dut_->Provision({}, kRealm).value()).value();
  EXPECT_EQ(attestation::ReasonOf(verify(approver_.public_key())), attestation::RefusalReason::kKeyPolicy);
}

}  // namespace
}  // namespace labrec::hsm::tpm2
