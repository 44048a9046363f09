// A realm that counts in its ledger: what it may show, and what is refused.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/refusal.h"
#include "tests/unit/attestation/realm_world.h"

namespace labrec::attestation {
namespace {

using test::AttestedTpm;
using testing::HasSubstr;

TEST(Realm, IsVerifiedFromCertificateToQuote) {
  const RealmWorld world = RealmWorld::Make(AttestedTpm::Ek::kP256, AttestedTpm::Ak::kEcdsa);
  const auto verified = world.Verify(world.Expectation());
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_TRUE(verified->firmware_version.has_value()) << "the AK is under the EK";
  ASSERT_EQ(verified->report.size(), 6U);
  EXPECT_THAT(verified->report[4].statement, HasSubstr("PCRs 0, 7 are"));
}

TEST(Realm, LiesAreRefused) {
  RealmWorld world = RealmWorld::Make(AttestedTpm::Ek::kP256, AttestedTpm::Ak::kEcdsa);
  const RealmExpectation good = world.Expectation();
  const RealmEvidence shown = world.evidence;
  const auto refusal = [&](const RealmExpectation& expectation) {
    return ReasonOf(world.Verify(expectation).status());
  };

  RealmExpectation other = good;
  other.nonce = RealmStatementNonce(Bytes(16, 1), Sha256("another connection's key"), Bytes(32, 2));
  EXPECT_EQ(refusal(other), RefusalReason::kStale) << "relayed from another connection";

  other = good;
  other.evaluation_key = P256Point::Generator();
  EXPECT_EQ(refusal(other), RefusalReason::kWrongKey);

  other = good;
  other.policy.pcrs[{tpm::kAlgSha256, 7}] = {Bytes(32, 1)};
  EXPECT_EQ(refusal(other), RefusalReason::kPcr) << "not an accepted value";

  other = good;
  other.policy.pcrs[{tpm::kAlgSha256, 8}] = {Bytes(32, 0)};
  EXPECT_EQ(refusal(other), RefusalReason::kPcr) << "not quoted";

  world.evidence.pcr_values[1] = Bytes(32, 1);
  EXPECT_EQ(refusal(good), RefusalReason::kPcr) << "another value shown than quoted";
  world.evidence.pcr_values.pop_back();
  EXPECT_EQ(refusal(good), RefusalReason::kPcr) << "a value left out";

  world.evidence = shown;
  world.evidence.quote = shown.evaluation_certified;
  EXPECT_EQ(refusal(good), RefusalReason::kStatement);

  world.evidence = shown;
  std::swap(world.evidence.evaluation_public, world.evidence.derivation_public);
  EXPECT_EQ(refusal(good), RefusalReason::kStatement) << "certified, but the other key";
  std::swap(world.evidence.evaluation_certified, world.evidence.derivation_certified);
  EXPECT_EQ(refusal(good), RefusalReason::kKeyAttributes) << "each key in the other's place";

  world.evidence = shown;
  other = good;
  other.policy.pcr_approver = EcdsaPrivateKey::Generate().public_key();
  EXPECT_EQ(refusal(other), RefusalReason::kKeyPolicy);
}

TEST(Realm, AKeyThatCanLeaveTheTpmIsRefused) {
  RealmWorld world = RealmWorld::Make(AttestedTpm::Ek::kP256, AttestedTpm::Ak::kEcdsa);
  world.evidence.evaluation_public =
      world.tpm->MakeKey("evaluation", "ecc:ecdh-sha256", "sensitivedataorigin|userwithauth|noda|decrypt")
          .value();
  world.Certify();
  EXPECT_EQ(ReasonOf(world.Verify(world.Expectation()).status()), RefusalReason::kKeyAttributes);
}

TEST(Realm, FirmwareIsComparedWhereItCanBeTold) {
  const RealmWorld world = RealmWorld::Make(AttestedTpm::Ek::kP256, AttestedTpm::Ak::kEcdsa);
  RealmExpectation expectation = world.Expectation();
  const uint64_t version = world.Verify(expectation)->firmware_version.value();
  expectation.policy.minimum_firmware = version;
  EXPECT_TRUE(world.Verify(expectation).ok());
  expectation.policy.minimum_firmware = version + 1;
  EXPECT_EQ(ReasonOf(world.Verify(expectation).status()), RefusalReason::kFirmware);

  TpmIdentity identity;
  identity.ek = tpm::TpmtPublic::Parse(world.evidence.identity.ek_public).value();
  identity.ak = tpm::TpmtPublic::Parse(world.evidence.identity.ak_public).value();
  tpm::TpmsAttest attest = tpm::TpmsAttest::Parse(world.evidence.quote.attest).value();
  EXPECT_TRUE(TellsFirmware(attest, identity));
  attest.qualified_signer = tpm::QualifiedName(identity.ak, tpm::NameOfHandle(tpm::kRhEndorsement));
  EXPECT_TRUE(TellsFirmware(attest, identity)) << "a primary key";
  attest.qualified_signer = tpm::QualifiedName(identity.ak, tpm::NameOfHandle(tpm::kRhOwner));
  EXPECT_FALSE(TellsFirmware(attest, identity)) << "the owner's hierarchy: obscured";
}

}  // namespace
}  // namespace labrec::attestation
