// A real device's evidence, from its certificate in NV memory to its quote, checked by the verifier.

#include <atomic>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/refusal.h"
#include "attestation/produce/prover.h"
#include "attestation/verify/ek/template.h"
#include "attestation/verify/realm_verifier.h"
#include "hsm/base/clock.h"
#include "hsm/tpm2/attest/endorsement_key.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm_wire/constants.h"
#include "tests/contract/contract_suites.h"
#include "tests/contract/swtpm_device.h"
#include "tests/support/tpm/ek_certificate.h"
#include "tests/support/tpm/local_ca.h"
#include "tests/support/tpm/tpm_proxy.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::hsm::tpm2 {
namespace {

using attestation::AkChallenge;
using attestation::RealmEvidence;
using attestation::RealmExpectation;
using test::EkKind;
using test::EkPlace;
using testing::HasSubstr;

const Bytes kRealm = ToBytes("contract-realm-1");
const Digest kNonce = Sha256("a client's nonce");

class TpmAttesterTest : public testing::Test {
 protected:
  void Start(EkKind kind, EkPlace place) {
    dut_ = contract::StartSwtpmDevice();
    ASSERT_NE(dut_, nullptr);
    const absl::Status given = test::GiveEkCertificate(dut_->tpm(), kind, place);
    ASSERT_TRUE(given.ok()) << given;
    Open();
  }
  void Open() {
    auto state = dut_->Provision({}, kRealm);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *state;
    auto device = dut_->Open(state_);
    ASSERT_TRUE(device.ok()) << device.status();
    device_ = *std::move(device);
    ASSERT_NE(device_->attester(), nullptr);
    prover_.emplace(*device_->attester(),
                    attestation::ProverOptions{{test::LocalCa::Instance().Issuer().value_or(Bytes())},
                                               *PcrSelection::Parse("sha256:0,1,2,3,4,5,6,7,8,9")});
  }

  static attestation::EkTrust Trust() { return test::LocalCa::Instance().Trust().value(); }

  AkChallenge Challenge() {
    const auto shown = prover_->Identity();
    EXPECT_TRUE(shown.ok()) << shown.status();
    const auto identity = attestation::CheckIdentity(*shown, Trust(), SystemClock().NowMillis());
    EXPECT_TRUE(identity.ok()) << identity.status();
    return attestation::ChallengeAk(*identity).value();
  }
  absl::StatusOr<RealmEvidence> Evidence(const AkChallenge& challenge, const Digest& nonce = kNonce) {
    RealmEvidence evidence;
    absl::Status status = prover_->AddIdentity(evidence);
    if (status.ok()) status = prover_->AddActivated(evidence, challenge.blob);
    if (status.ok()) status = prover_->AddKeys(evidence, nonce);
    if (status.ok()) status = prover_->AddQuote(evidence, nonce);
    if (!status.ok()) return status;
    return evidence;
  }
  RealmExpectation Expectation() const {
    attestation::AttestPolicy policy;
    policy.trust = Trust();
    policy.pcrs[{tpm::kAlgSha256, 9}] = {Bytes(32, 0)};
    policy.minimum_firmware = 1;
    return {policy, SystemClock().NowMillis(), std::nullopt, kNonce, device_->evaluation_key()->public_key()};
  }
  void ExpectGood() {
    const AkChallenge challenge = Challenge();
    const auto evidence = Evidence(challenge);
    ASSERT_TRUE(evidence.ok()) << evidence.status();
    const auto verified = attestation::VerifyRealm(Expectation(), challenge, *evidence);
    EXPECT_TRUE(verified.ok()) << verified.status();
    EXPECT_TRUE(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
    EXPECT_TRUE(device_->derivation_key()->Derive(AsBytes("record")).ok());
  }

  std::unique_ptr<contract::SwtpmDevice> dut_;
  DeviceState state_;
  std::unique_ptr<Device> device_;
  std::optional<attestation::Prover> prover_;
};

TEST_F(TpmAttesterTest, ProvesARealmWithEachKindOfEndorsementKey) {
  for (const EkKind kind : {EkKind::kP256, EkKind::kRsa2048}) {
    for (const EkPlace place : {EkPlace::kMadeAnew, EkPlace::kPersistent}) {
      Start(kind, place);
      if (HasFatalFailure()) return;
      ExpectGood();
      ExpectGood();
      device_.reset();
    }
  }
}

TEST_F(TpmAttesterTest, TheAkIsTheSameAfterARestart) {
  Start(EkKind::kP256, EkPlace::kMadeAnew);
  if (HasFatalFailure()) return;
  const Bytes before = device_->attester()->Identity()->ak_public;
  dut_->Break();
  EXPECT_EQ(device_->attester()->Quote(*PcrSelection::Parse("sha256:0"), kNonce).status().code(),
            absl::StatusCode::kUnavailable);
  dut_->Repair();
  ASSERT_TRUE(
      contract::OnceAvailable([&] { return device_->derivation_key()->Derive(AsBytes("x")).status(); }).ok());
  ExpectGood();
  EXPECT_EQ(device_->attester()->Identity()->ak_public, before);
}

TEST_F(TpmAttesterTest, ATpmWithoutACertificateSaysSo) {
  dut_ = contract::StartSwtpmDevice();
  ASSERT_NE(dut_, nullptr);
  Open();
  if (HasFatalFailure()) return;
  const auto identity = prover_->Identity();
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(identity.status().message(), HasSubstr("no certificate of its endorsement key"));
}

TEST_F(TpmAttesterTest, AnEndorsementHierarchyWithAnAuthorisationSaysSo) {
  dut_ = contract::StartSwtpmDevice();
  ASSERT_NE(dut_, nullptr);
  ASSERT_TRUE(test::GiveEkCertificate(dut_->tpm(), EkKind::kP256).ok());
  ASSERT_TRUE(test::TpmTools(dut_->tpm()).Run("changeauth -c endorsement secret").ok());
  Open();
  if (HasFatalFailure()) return;
  const auto identity = prover_->Identity();
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(identity.status().message(), HasSubstr("endorsement hierarchy has an authorisation"));
  EXPECT_TRUE(device_->derivation_key()->Derive(AsBytes("record")).ok());
}

// A challenge for another TPM, or a damaged one, is refused, and the realm goes on.
TEST_F(TpmAttesterTest, ForeignChallengesAreRefused) {
  Start(EkKind::kP256, EkPlace::kMadeAnew);
  if (HasFatalFailure()) return;
  AkChallenge challenge = Challenge();
  const auto refused = [&](const tpm::CredentialBlob& blob) {
    const auto activated = prover_->Activate(blob);
    EXPECT_TRUE(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok());
    return activated.status().code() == absl::StatusCode::kInvalidArgument;
  };
  tpm::CredentialBlob damaged = challenge.blob;
  damaged.id_object.back() ^= 1;
  EXPECT_TRUE(refused(damaged));
  damaged = challenge.blob;
  damaged.encrypted_secret.back() ^= 1;
  EXPECT_TRUE(refused(damaged));
  damaged = challenge.blob;
  damaged.id_object.push_back(0);
  EXPECT_TRUE(refused(damaged));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({Bytes(2, 0), Bytes(2, 0)}));
  const auto opened = prover_->Activate(challenge.blob);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(challenge.credential.Equals(opened->view()));
}

TEST_F(TpmAttesterTest, QuotesNoPcrThatIsNotThere) {
  Start(EkKind::kP256, EkPlace::kMadeAnew);
  if (HasFatalFailure()) return;
  EXPECT_TRUE(device_->attester()->Quote(*PcrSelection::Parse("sha256:0,23+sha384:7"), kNonce).ok());
  EXPECT_EQ(device_->attester()->Quote(PcrSelection{{{0x0027, {0}}}}, kNonce).status().code(),
            absl::StatusCode::kInvalidArgument)
      << "SHA3-256, which this TPM does not have";
}

// What is loaded is what was loaded before: no slot is lost over many rounds.
TEST_F(TpmAttesterTest, LeavesTheSlotsAsTheyWere) {
  Start(EkKind::kRsa2048, EkPlace::kPersistent);
  if (HasFatalFailure()) return;
  const auto loaded = [&] {
    const auto context = Context::Connect(dut_->tpm().tcti());
    return HandlesFrom(**context, TPM2_TRANSIENT_FIRST)->size() +
           100 * HandlesFrom(**context, TPM2_LOADED_SESSION_FIRST)->size();
  };
  const size_t before = loaded();
  EXPECT_EQ(before, 102U);
  for (int i = 0; i < 3; ++i) ExpectGood();
  EXPECT_FALSE(prover_->Activate({Bytes(2, 0), Bytes(2, 0)}).ok());
  EXPECT_EQ(loaded(), before);
}

// The connection breaks before or after each single command of a proof: afterwards the realm has all of its
// keys again, and proves itself.
TEST_F(TpmAttesterTest, SurvivesATroubleAtEveryCommand) {
  using Fate = test::TpmProxy::Fate;
  enum class Trouble { kLostCommand, kLostReply };
  Start(EkKind::kP256, EkPlace::kMadeAnew);
  if (HasFatalFailure()) return;
  const AkChallenge challenge = Challenge();
  device_.reset();
  std::atomic<int> until = -1;  // commands that go by before the trouble; negative: none comes
  std::atomic<Trouble> trouble = Trouble::kLostCommand;
  const auto proxy = test::TpmProxy::Start(dut_->tpm().socket(), [&](const test::TpmProxy::Command&) {
    if (until < 0 || until-- > 0) return Fate::kForward;
    return trouble == Trouble::kLostCommand ? Fate::kLoseCommand : Fate::kLoseReply;
  });
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  auto device = tpm2::Open({"tpm2:" + (*proxy)->tcti()}, state_, dut_->authorization());
  ASSERT_TRUE(device.ok()) << device.status();
  device_ = *std::move(device);
  prover_.emplace(*device_->attester(), attestation::ProverOptions{{}, *PcrSelection::Parse("sha256:0")});
  for (const Trouble kind : {Trouble::kLostCommand, Trouble::kLostReply}) {
    trouble = kind;
    int step = 0;
    for (bool reached = true; reached; ++step) {
      until = step;
      (void)Evidence(challenge);
      reached = until < 0;
      until = -1;
      const absl::Status again = contract::OnceAvailable([&] { return Evidence(challenge).status(); });
      ASSERT_TRUE(again.ok()) << again << " after trouble at " << step;
      ASSERT_TRUE(device_->evaluation_key()->Evaluate({&P256Point::Generator(), 1}).ok()) << step;
    }
    EXPECT_GT(step, 10);
  }
}

// Our templates of endorsement keys are those that the verifier takes.
TEST(EkTemplates, AreThoseOfTheVerifier) {
  for (const EkTemplate& known : EkTemplates()) {
    TPM2B_PUBLIC pattern = known.pattern();
    const Bytes sized = Marshal(pattern);
    auto area = tpm::TpmtPublic::ParseSized(sized);
    ASSERT_TRUE(area.ok()) << known.name << area.status();
    EXPECT_EQ(attestation::EkTemplateOf(*area), known.name);
  }
}

TEST(DerLength, IsThatOfOneElement) {
  EXPECT_EQ(DerLength(Bytes{0x30, 0x02, 1, 2, 0xFF}), 4U);
  EXPECT_EQ(DerLength(Bytes{0x30, 0x82, 0x00, 0x01, 7}), 5U);
  EXPECT_EQ(DerLength(Bytes{0x30, 0x03, 1, 2}), 0U);
  EXPECT_EQ(DerLength(Bytes{0x30, 0x80, 1, 2}), 0U);
  EXPECT_EQ(DerLength(Bytes{0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF}), 0U);
  EXPECT_EQ(DerLength(Bytes{0x31, 0x00}), 0U);
  EXPECT_EQ(DerLength(Bytes{0x30}), 0U);
}

}  // namespace
}  // namespace labrec::hsm::tpm2
