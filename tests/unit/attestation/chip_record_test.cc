// Everything a host may show in place of a good chip-enforced record, made on a real (software) TPM by
// tpm2-tools.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/evidence/refusal.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/policy_digest.h"
#include "tests/unit/attestation/world.h"

namespace labrec::attestation {
namespace {

using test::AttestedTpm;
using testing::HasSubstr;

class ChipRecord : public testing::Test {
 protected:
  void Start() { world_.ShowIdentity(); }
  // What the client says about a record key made with other options than the good ones.
  absl::Status KeyOutcome(const AttestedTpm::RecordKeyOptions& options) {
    world_.ShowRecordKey(options);
    const tpm::TpmtPublic ak = tpm::TpmtPublic::Parse(world_.evidence.identity.ak_public).value();
    Report report;
    return CheckRecordKeyEvidence(ak, world_.evidence.record_key, world_.unlock_key.public_key(),
                                  TestNonce("key"), report)
        .status();
  }
  ChipWorld world_{AttestedTpm::Start(AttestedTpm::Ek::kRsa2048, AttestedTpm::Ak::kEcdsa).value(),
                   EcdsaPrivateKey::Generate()};
};

class EveryKind : public testing::TestWithParam<std::pair<AttestedTpm::Ek, AttestedTpm::Ak>> {};

TEST_P(EveryKind, IsVerifiedFromCertificateToCount) {
  const ChipWorld world = ChipWorld::Make(GetParam().first, GetParam().second);
  const auto verified = world.Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  const tpm::TpmtPublic key = tpm::TpmtPublic::Parse(world.evidence.record_key.key_public).value();
  EXPECT_EQ(verified->key.public_key, tpm::PointOf(key).value());
  ASSERT_EQ(verified->report.size(), 5U);
  EXPECT_THAT(verified->report[0].statement, HasSubstr("id:00001014"));
  EXPECT_THAT(verified->report[0].proven_by, HasSubstr("swtpm-localca-rootca"));
  EXPECT_THAT(verified->report[4].statement, HasSubstr("counted 0 uses, and lets them become at most 10"));
}

INSTANTIATE_TEST_SUITE_P(Chips, EveryKind,
                         testing::Values(std::pair(AttestedTpm::Ek::kRsa2048, AttestedTpm::Ak::kEcdsa),
                                         std::pair(AttestedTpm::Ek::kP256, AttestedTpm::Ak::kRsaSsa),
                                         std::pair(AttestedTpm::Ek::kRsa2048, AttestedTpm::Ak::kRsaPss),
                                         std::pair(AttestedTpm::Ek::kP384, AttestedTpm::Ak::kEcdsa)));

TEST_F(ChipRecord, TheTpmAgreesOnNamesAndCpHash) {
  Start();
  world_.ShowRecordKey(world_.GoodOptions());
  const EcdsaPublicKey& key = world_.unlock_key.public_key();
  for (const tpm::Written before : {tpm::Written::kNo, tpm::Written::kYes}) {
    const tpm::IndexWriteData data = tpm::DataOf(before, kTestLimit);
    const auto session = world_.tpm->BeginWrite(key, kTestHandle, data).value();
    const Bytes name = tpm::CountingIndexArea(kTestHandle, key, before).Name();
    EXPECT_EQ(session.signed_authorization,
              tpm::SignedAuthorization(session.nonce_tpm, tpm::IndexWriteCpHash(name, data)));
    EXPECT_TRUE(world_.tpm->tools().Run("flushcontext write.session").ok());
    if (before == tpm::Written::kNo) world_.Write(before, kTestLimit);
  }
  EXPECT_TRUE(world_.tpm->tools().Run("readpublic -c unlock.ctx -n unlock.name").ok());
  EXPECT_EQ(world_.tpm->tools().Read("unlock.name"), tpm::ExternalKeyArea(key).Name());
}

TEST_F(ChipRecord, RefillAndRetirementAreSignedAndShown) {
  Start();
  world_.ShowRecordKey(world_.GoodOptions());
  world_.Write(tpm::Written::kNo, kTestLimit);
  world_.Write(tpm::Written::kYes, kTestLimit);
  world_.ShowContents();
  EXPECT_TRUE(world_.Verify().ok()) << world_.Verify().status();
  world_.Write(tpm::Written::kYes, 0);
  world_.ShowContents();
  EXPECT_EQ(ReasonOf(world_.Verify().status()), RefusalReason::kIndexContents);
  ChipExpectation retired = world_.Expectation();
  retired.contents = {0, 0};
  EXPECT_TRUE(VerifyChipRecord(retired, world_.challenge, world_.evidence).ok());
}

TEST_F(ChipRecord, TheTpmTakesASignatureOnceAndForOneLimitOnly) {
  Start();
  world_.ShowRecordKey(world_.GoodOptions());
  const tpm::IndexWriteData first = tpm::DataOf(tpm::Written::kNo, kTestLimit);
  const EcdsaPublicKey& key = world_.unlock_key.public_key();
  auto session = world_.tpm->BeginWrite(key, kTestHandle, first).value();
  const auto signature =
      tpm::SignIndexWrite(world_.unlock_key, {kTestHandle, tpm::Written::kNo, kTestLimit}, session.nonce_tpm);
  ASSERT_TRUE(world_.tpm->FinishWrite(kTestHandle, *signature).ok());
  ASSERT_TRUE(world_.tpm->BeginWrite(key, kTestHandle, first).ok());
  EXPECT_FALSE(world_.tpm->FinishWrite(kTestHandle, *signature).ok()) << "a replayed first write";
  session = world_.tpm->BeginWrite(key, kTestHandle, tpm::DataOf(tpm::Written::kYes, 1000)).value();
  const auto other =
      tpm::SignIndexWrite(world_.unlock_key, {kTestHandle, tpm::Written::kYes, kTestLimit}, session.nonce_tpm)
          .value();
  EXPECT_FALSE(world_.tpm->FinishWrite(kTestHandle, other).ok()) << "a larger limit";
  world_.ShowContents();
  const tpm::TpmtPublic ak = tpm::TpmtPublic::Parse(world_.evidence.identity.ak_public).value();
  Report report;
  EXPECT_TRUE(CheckIndexContents(ak, tpm::CountingIndexArea(kTestHandle, key, tpm::Written::kYes),
                                 world_.evidence.index_contents, TestNonce("contents"), {0, kTestLimit},
                                 report)
                  .ok());
}

TEST_F(ChipRecord, TheTpmTakesNoOldSignatureAfterUndefineAndRedefine) {
  Start();
  world_.ShowRecordKey(world_.GoodOptions());
  const tpm::IndexWriteData first = tpm::DataOf(tpm::Written::kNo, kTestLimit);
  const EcdsaPublicKey& key = world_.unlock_key.public_key();
  const auto session = world_.tpm->BeginWrite(key, kTestHandle, first).value();
  const auto signature =
      tpm::SignIndexWrite(world_.unlock_key, {kTestHandle, tpm::Written::kNo, kTestLimit}, session.nonce_tpm);
  ASSERT_TRUE(world_.tpm->FinishWrite(kTestHandle, *signature).ok());
  const auto define = "nvdefine 0x01800100 -C o -s 8 -a 0x02020098 -L index.policy";
  ASSERT_TRUE(world_.tpm->tools().Run("nvundefine -C o 0x01800100").ok());
  ASSERT_TRUE(world_.tpm->tools().Run(define).ok());
  ASSERT_TRUE(world_.tpm->BeginWrite(key, kTestHandle, first).ok());
  EXPECT_FALSE(world_.tpm->FinishWrite(kTestHandle, *signature).ok());
}

// A host that keeps signed refills back: the count shows every use, and each refill raises the same limit.
TEST_F(ChipRecord, ARefillKeptBackGrantsNothingMore) {
  Start();
  world_.ShowRecordKey(world_.GoodOptions());
  world_.Write(tpm::Written::kNo, kTestLimit);
  const test::TpmTools& tools = world_.tpm->tools();
  ASSERT_TRUE(tools.Run("startauthsession --policy-session -S guess").ok());
  ASSERT_TRUE(tools.Run("policysecret -S guess -c 0x01800100").ok());
  world_.ShowContents();
  EXPECT_EQ(ReasonOf(world_.Verify().status()), RefusalReason::kIndexContents);
  ChipExpectation expected = world_.Expectation();
  for (const uint32_t count : {1U, 2U}) {
    expected.contents = {count, count == 1 ? kTestLimit : kTestLimit + 1};
    EXPECT_TRUE(VerifyChipRecord(expected, world_.challenge, world_.evidence).ok());
    world_.Write(tpm::Written::kYes, kTestLimit + 1);  // signed when the count was 1, and made twice
    ASSERT_TRUE(tools.Run("policysecret -S guess -c 0x01800100").ok());
    world_.ShowContents();
  }
  ASSERT_TRUE(tools.Run("flushcontext guess").ok());
  expected.contents = {3, kTestLimit + 1};
  EXPECT_TRUE(VerifyChipRecord(expected, world_.challenge, world_.evidence).ok());
}

TEST_F(ChipRecord, AKeyThatWorksWithoutTheCountIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  options.key_policy = tpm::PolicyDigest(tpm::HashAlgorithm::kSha256).CommandCode(tpm::kCcEcdhZGen).digest();
  EXPECT_EQ(ReasonOf(KeyOutcome(options)), RefusalReason::kKeyPolicy);
}

TEST_F(ChipRecord, AKeyThatItsAuthValueOpensIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  options.key_attributes += "|userwithauth";
  EXPECT_EQ(ReasonOf(KeyOutcome(options)), RefusalReason::kKeyAttributes);
}

TEST_F(ChipRecord, AKeyThatCanBeDuplicatedIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  options.key_attributes = "sensitivedataorigin|noda|decrypt";
  EXPECT_EQ(ReasonOf(KeyOutcome(options)), RefusalReason::kKeyAttributes);
}

TEST_F(ChipRecord, AKeyOverAnotherIndexIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  options.key_policy = tpm::CountedKeyPolicy(
      tpm::CountingIndexArea(kTestHandle + 1, world_.unlock_key.public_key(), tpm::Written::kYes));
  EXPECT_EQ(ReasonOf(KeyOutcome(options)), RefusalReason::kKeyPolicy);
}

TEST_F(ChipRecord, AnIndexThatLacksNoDaIsRefusedInWords) {
  Start();
  auto options = world_.GoodOptions();
  options.index_attributes = "0x00020098";
  const absl::Status outcome = KeyOutcome(options);
  EXPECT_EQ(ReasonOf(outcome), RefusalReason::kIndex);
  EXPECT_THAT(std::string(outcome.message()), HasSubstr("lacks NO_DA"));
}

TEST_F(ChipRecord, AnIndexThatItsOwnerMayWriteIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  options.index_attributes = "0x0202009A";
  EXPECT_EQ(ReasonOf(KeyOutcome(options)), RefusalReason::kIndex);
}

TEST_F(ChipRecord, AnIndexUnderTheHostsOwnKeyIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  const EcdsaPublicKey host = EcdsaPrivateKey::Generate().public_key();
  options.index_policy = tpm::CountingIndexPolicy(host);
  options.key_policy = tpm::CountedKeyPolicy(tpm::CountingIndexArea(kTestHandle, host, tpm::Written::kYes));
  const absl::Status outcome = KeyOutcome(options);
  EXPECT_EQ(ReasonOf(outcome), RefusalReason::kIndex);
  EXPECT_THAT(std::string(outcome.message()), HasSubstr("others than this client's unlock key"));
}

TEST_F(ChipRecord, AnOrdinaryIndexIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  options.index_attributes = "0x02020008";
  const absl::Status outcome = KeyOutcome(options);
  EXPECT_EQ(ReasonOf(outcome), RefusalReason::kIndex);
  EXPECT_THAT(std::string(outcome.message()), HasSubstr("not PIN_PASS"));
}

// The attributes shown may lie; the Name inside the key's policy does not.
TEST_F(ChipRecord, AnIndexShownBetterThanItIsIsRefused) {
  Start();
  auto options = world_.GoodOptions();
  tpm::TpmsNvPublic weak =
      tpm::CountingIndexArea(kTestHandle, world_.unlock_key.public_key(), tpm::Written::kYes);
  weak.attributes |= 1U << 1;  // OWNERWRITE
  options.index_attributes = "0x0202009A";
  options.key_policy = tpm::CountedKeyPolicy(weak);
  world_.ShowRecordKey(options);
  world_.evidence.record_key.index_public =
      tpm::CountingIndexArea(kTestHandle, world_.unlock_key.public_key(), tpm::Written::kNo).Marshal();
  const tpm::TpmtPublic ak = tpm::TpmtPublic::Parse(world_.evidence.identity.ak_public).value();
  Report report;
  const auto outcome = CheckRecordKeyEvidence(ak, world_.evidence.record_key, world_.unlock_key.public_key(),
                                              TestNonce("key"), report);
  EXPECT_EQ(ReasonOf(outcome.status()), RefusalReason::kKeyPolicy);
}

TEST(ChipRecordLies, AboutWhichTpmItIsAreRefused) {
  ChipWorld world = ChipWorld::Make(AttestedTpm::Ek::kRsa2048, AttestedTpm::Ak::kEcdsa);
  ASSERT_TRUE(world.Verify().ok()) << world.Verify().status();
  const ChipEvidence good = world.evidence;

  const auto other = AttestedTpm::Start(AttestedTpm::Ek::kRsa2048, AttestedTpm::Ak::kEcdsa).value();
  world.evidence.identity = other->identity();
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kAttestationKeyBound)
      << "another TPM's EK and AK";

  world.evidence = good;
  world.evidence.identity.ak_public = other->identity().ak_public;
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kAttestationKeyBound) << "another TPM's AK";

  world.evidence = good;
  world.evidence.activated[5] ^= 1;
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kAttestationKeyBound) << "challenge not opened";

  world.evidence = good;
  ChipExpectation pinned = world.Expectation();
  pinned.pinned_ak_name = tpm::TpmtPublic::Parse(other->identity().ak_public)->Name();
  EXPECT_EQ(ReasonOf(VerifyChipRecord(pinned, world.challenge, world.evidence).status()),
            RefusalReason::kAttestationKey);
  pinned.pinned_ak_name = world.challenge.ak_name;
  EXPECT_TRUE(VerifyChipRecord(pinned, world.challenge, world.evidence).ok());
}

TEST(ChipRecordLies, AboutWhatItsKeyDoesAreRefused) {
  ChipWorld world = ChipWorld::Make(AttestedTpm::Ek::kRsa2048, AttestedTpm::Ak::kEcdsa);
  ASSERT_TRUE(world.Verify().ok()) << world.Verify().status();
  const ChipEvidence good = world.evidence;

  world.evidence.record_key.key_certified = world.tpm->CertifyCreation("key", TestNonce("old")).value();
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kStale) << "an old nonce";

  world.evidence = good;
  world.evidence.index_contents = world.tpm->CertifyIndex(kTestHandle, TestNonce("key")).value();
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kStale) << "the other statement's nonce";

  world.evidence = good;
  world.evidence.index_contents = good.record_key.key_certified;
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kStale);
  ChipExpectation same_nonce = world.Expectation();
  same_nonce.contents_nonce = same_nonce.key_nonce;
  EXPECT_EQ(ReasonOf(VerifyChipRecord(same_nonce, world.challenge, world.evidence).status()),
            RefusalReason::kStatement)
      << "a statement of another kind";

  world.evidence = good;
  ASSERT_TRUE(world.tpm
                  ->MakeKey("other", "ecc:ecdh-sha256",
                            "fixedtpm|fixedparent|sensitivedataorigin|noda|decrypt|"
                            "userwithauth")
                  .ok());
  world.evidence.record_key.key_certified = world.tpm->CertifyCreation("other", TestNonce("key")).value();
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kStatement) << "another key certified";

  world.evidence = good;
  std::swap(world.evidence.record_key.key_certified.signature, world.evidence.index_contents.signature);
  EXPECT_EQ(ReasonOf(world.Verify().status()), RefusalReason::kSignature);

  world.evidence = good;
  ChipExpectation other_limit = world.Expectation();
  other_limit.contents.limit = kTestLimit - 1;
  EXPECT_EQ(ReasonOf(VerifyChipRecord(other_limit, world.challenge, world.evidence).status()),
            RefusalReason::kIndexContents);
}

// TPM2_Certify proves the same as TPM2_CertifyCreation; tpm2-tools choose its qualifyingData.
TEST_F(ChipRecord, AcceptsTpm2Certify) {
  Start();
  const Bytes area = world_.tpm
                         ->MakeKey("plain", "ecc:ecdh-sha256",
                                   "fixedtpm|fixedparent|sensitivedataorigin|noda|decrypt|userwithauth")
                         .value();
  const tpm::TpmtPublic ak = tpm::TpmtPublic::Parse(world_.evidence.identity.ak_public).value();
  const Bytes tools_nonce = {0x00, 0xFF, 0x55, 0xAA};
  const auto attest = OpenStatement(ak, world_.tpm->Certify("plain").value(), tools_nonce, "it");
  ASSERT_TRUE(attest.ok()) << attest.status();
  EXPECT_TRUE(CheckCertifies(*attest, tpm::TpmtPublic::Parse(area)->Name(), "it").ok());
  EXPECT_EQ(ReasonOf(CheckCertifies(*attest, ak.Name(), "it")), RefusalReason::kStatement);
}

TEST(CounterWriteSignature, IsRefusedWithoutANonceOrForAnotherHandle) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  const Bytes nonce(32, 7);
  EXPECT_TRUE(tpm::SignIndexWrite(key, {kTestHandle, tpm::Written::kNo, 5}, nonce).ok());
  EXPECT_FALSE(tpm::SignIndexWrite(key, {kTestHandle, tpm::Written::kNo, 5}, {}).ok());
  EXPECT_FALSE(tpm::SignIndexWrite(key, {kTestHandle, tpm::Written::kNo, 5}, Bytes(15, 7)).ok());
  EXPECT_FALSE(tpm::SignIndexWrite(key, {kTestHandle, tpm::Written::kNo, 5}, Bytes(33, 7)).ok());
  EXPECT_FALSE(tpm::SignIndexWrite(key, {0x40000001, tpm::Written::kNo, 5}, nonce).ok());
}

}  // namespace
}  // namespace labrec::attestation
