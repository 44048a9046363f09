// Policy digests against the TPM's own trial sessions, and against constants that TCG publishes.

#include "hsm/tpm_wire/policy_digest.h"

#include <string>

#include <gtest/gtest.h>

#include "attestation/verify/attest_policy.h"
#include "attestation/verify/ek/template.h"
#include "hsm/base/encoding.h"
#include "hsm/pcr/pcr_approval.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/kdf.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::attestation {
namespace {

constexpr tpm::HashAlgorithm kHash = tpm::HashAlgorithm::kSha256;

// TCG EK Credential Profile 2.x, annex B.
TEST(EkPolicies, AreTheProfiles) {
  EXPECT_EQ(Hex(EkPolicyA(tpm::HashAlgorithm::kSha256)),
            "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa");
  EXPECT_EQ(Hex(EkPolicyB(tpm::HashAlgorithm::kSha256)),
            "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0");
  EXPECT_EQ(
      Hex(EkPolicyB(tpm::HashAlgorithm::kSha384)),
      "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12");
}

class Trial : public testing::Test {
 protected:
  void SetUp() override {
    tpm_ = test::Swtpm::Start().value();
    tools_ = std::make_unique<test::TpmTools>(*tpm_);
  }
  void Run(const std::string& line) {
    const absl::Status outcome = tools_->Run(line);
    ASSERT_TRUE(outcome.ok()) << outcome;
  }
  void Begin(const std::string& hash = "sha256") { Run("startauthsession -S trial -g " + hash); }
  // The digest that the last command wrote.
  std::string Digest() { return Hex(tools_->Read("digest")); }
  // Loads the key's external area as key.ctx.
  void LoadKey(const EcdsaPrivateKey& key) {
    tools_->Write("key.pub", Writer().Lp(tpm::ExternalKeyArea(key.public_key()).Marshal()).bytes());
    Run("loadexternal -C n -u key.pub -c key.ctx -n key.name");
    EXPECT_EQ(tools_->Read("key.name"), tpm::ExternalKeyArea(key.public_key()).Name());
  }
  std::unique_ptr<test::Swtpm> tpm_;
  std::unique_ptr<test::TpmTools> tools_;
};

TEST_F(Trial, SecretCommandCodeAuthValue) {
  Begin();
  Run("policysecret -S trial -c o -q a1b2c3 -L digest");
  tpm::PolicyDigest policy(kHash);
  policy.Secret(tpm::NameOfHandle(tpm::kRhOwner), Bytes{0xA1, 0xB2, 0xC3});
  EXPECT_EQ(Digest(), Hex(policy.digest()));
  Run("policycommandcode -S trial -L digest TPM2_CC_ECDH_ZGen");
  EXPECT_EQ(Digest(), Hex(policy.CommandCode(tpm::kCcEcdhZGen).digest()));
  Run("policyauthvalue -S trial -L digest");
  EXPECT_EQ(Digest(), Hex(policy.AuthValue().digest()));
}

TEST_F(Trial, SecretWithSha384) {
  Begin("sha384");
  Run("policysecret -S trial -c e -L digest");
  EXPECT_EQ(Digest(), Hex(EkPolicyA(tpm::HashAlgorithm::kSha384)));
}

TEST_F(Trial, Signed) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  LoadKey(key);
  Begin();
  Run("policysigned -S trial -c key.ctx -g sha256 -q 0102 --raw-data raw");
  const auto signature = key.Sign(tools_->Read("raw"));
  tools_->Write("signature", Writer()
                                 .U16(tpm::kAlgEcdsa)
                                 .U16(tpm::kAlgSha256)
                                 .Lp(ByteView(signature).first(32))
                                 .Lp(ByteView(signature).last(32))
                                 .bytes());
  Run("policysigned -S trial -c key.ctx -g sha256 -q 0102 -s signature -L digest");
  tpm::PolicyDigest policy(kHash);
  EXPECT_EQ(Digest(),
            Hex(policy.Signed(tpm::ExternalKeyArea(key.public_key()).Name(), Bytes{0x01, 0x02}).digest()));
}

TEST_F(Trial, Pcr) {
  Run("pcrread -o pcrs sha256:0,7,16");
  Begin();
  Run("policypcr -S trial -l sha256:0,7,16 -f pcrs -L digest");
  const std::vector<tpm::PcrSelection> selection = {{tpm::kAlgSha256, {0x81, 0x00, 0x01}}};
  const Bytes pcr_digest = tpm::Hash(kHash, {tools_->Read("pcrs")});
  EXPECT_EQ(Digest(), Hex(tpm::PolicyDigest(kHash).Pcr(selection, pcr_digest).digest()));
}

TEST_F(Trial, OrForgetsWhatCameBefore) {
  const Bytes one = tpm::Hash(kHash, {AsBytes("one")});
  const Bytes two = tpm::Hash(kHash, {AsBytes("two")});
  tools_->Write("one", one);
  tools_->Write("two", two);
  Begin();
  Run("policyor -S trial -l sha256:one,two -L digest");
  const std::vector<Bytes> branches = {one, two};
  EXPECT_EQ(Digest(), Hex(tpm::PolicyDigest(kHash).AuthValue().Or(branches).digest()));
}

TEST_F(Trial, NvComparison) {
  Run("nvdefine 0x01800200 -C o -s 4 -a ownerread|ownerwrite|authread|authwrite|no_da");
  tools_->Write("zero", Bytes(4, 0));
  Run("nvwrite -C o -i zero 0x01800200");
  tools_->Write("operand", Bytes{0, 7});
  Begin();
  Run("policynv -S trial -C o -i operand --offset 2 -L digest 0x01800200 ult");
  tpm::TpmsNvPublic index;
  index.index = 0x01800200;
  index.attributes = 0x02060006 | tpm::kNvWritten;
  index.data_size = 4;
  EXPECT_EQ(
      Digest(),
      Hex(tpm::PolicyDigest(kHash).Nv(index.Name(), Bytes{0, 7}, 2, 5).digest()));  // TPM_EO_UNSIGNED_LT
}

// PolicyAuthorize needs a ticket for a signed policy even in a trial session.
TEST_F(Trial, AuthorizeThenAuthValueIsThePcrApproval) {
  const EcdsaPrivateKey approver = EcdsaPrivateKey::Generate();
  LoadKey(approver);
  const Bytes approved = tpm::Hash(kHash, {AsBytes("some PolicyPCR")});
  tools_->Write("approved", approved);
  const auto signature = approver.Sign(approved);  // aHash = H(approvedPolicy || policyRef)
  tools_->Write("signature", Writer()
                                 .U16(tpm::kAlgEcdsa)
                                 .U16(tpm::kAlgSha256)
                                 .Lp(ByteView(signature).first(32))
                                 .Lp(ByteView(signature).last(32))
                                 .bytes());
  Run("loadexternal -C o -u key.pub -c key.ctx");
  Run("verifysignature -c key.ctx -g sha256 -m approved -s signature -t ticket");
  Begin();
  Run("policyauthorize -S trial -i approved -n key.name -t ticket -L digest");
  const Bytes name = tpm::ExternalKeyArea(approver.public_key()).Name();
  EXPECT_EQ(Digest(), Hex(tpm::PolicyDigest(kHash).AuthValue().Authorize(name, {}).digest()));
  Run("policyauthvalue -S trial -L digest");
  EXPECT_EQ(Digest(), Hex(hsm::PcrApprovalPolicy(approver.public_key())));
}

// Bits that are no multiple of a hash are cut from the last block, and blocks differ.
TEST(Kdf, CountsItsBlocks) {
  const Bytes key(16, 0x0B);
  const SecretBytes longer = tpm::KdfA(kHash, key, "LABEL", AsBytes("u"), AsBytes("v"), 1024);
  const SecretBytes first = tpm::Hmac(kHash, key,
                                      {Bytes{0, 0, 0, 1}, AsBytes(std::string_view("LABEL\0", 6)),
                                       AsBytes("u"), AsBytes("v"), Bytes{0, 0, 4, 0}});
  const SecretBytes last = tpm::Hmac(kHash, key,
                                     {Bytes{0, 0, 0, 4}, AsBytes(std::string_view("LABEL\0", 6)),
                                      AsBytes("u"), AsBytes("v"), Bytes{0, 0, 4, 0}});
  EXPECT_TRUE(first.Equals(longer.view().first(32)));
  EXPECT_TRUE(last.Equals(longer.view().last(32)));
  EXPECT_EQ(tpm::KdfE(kHash, key, "L", {}, {}, 128).size(), 16U);
  EXPECT_TRUE(tpm::HashSecret(kHash, {Bytes{0, 0, 0, 1}, key, Bytes{'L', 0}})
                  .Equals(tpm::KdfE(kHash, key, "L", {}, {}, 256).view()));
}

}  // namespace
}  // namespace labrec::attestation
