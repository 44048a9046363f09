#include "attestation/verify/attest_policy.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/unit/attestation/captured.h"

namespace labrec::attestation {
namespace {

class Policy : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "roots" / "vendor");
    Write("roots/vendor/root.der", CapturedRealm::Load().expectation.policy.trust.anchors.front());
  }
  void Write(const std::string& name, ByteView content) {
    std::ofstream(folder_.path() / name, std::ios::binary) << AsText(content);
  }
  absl::StatusOr<AttestPolicy> Parse(const std::string& toml) {
    return AttestPolicy::Parse(toml, folder_.path());
  }
  // That the text is refused, and its message has `words`.
  void Refused(const std::string& toml, const std::string& words) {
    const absl::Status status = Parse(toml).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << toml;
    EXPECT_NE(std::string(status.message()).find(words), std::string::npos) << status;
  }

  const std::string roots_ = "[endorsement]\nroots = \"roots\"\n";
  const std::string zeros_ = std::string(64, '0');
  test::TemporaryFolder folder_;
};

TEST_F(Policy, SaysWhatIsAccepted) {
  const EcdsaPublicKey approver = EcdsaPrivateKey::Generate().public_key();
  Write("approver.pem", AsBytes(approver.Pem()));
  const auto policy =
      Parse(roots_ + "require_revocation_lists = true\n[pcrs.sha256]\n0 = \"" + zeros_ + "\"\n7 = [\"" +
            zeros_ + "\", \"" + std::string(64, 'f') + "\"]\n[firmware]\nminimum = \"7.85\"\n" +
            "[keys]\npcr_approver = \"approver.pem\"\n");
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->trust.anchors.size(), 1U);
  EXPECT_EQ(policy->trust.revocation, EkTrust::Revocation::kListRequired);
  EXPECT_EQ(policy->pcrs.at({tpm::kAlgSha256, 0}), std::vector<Bytes>{Bytes(32, 0)});
  EXPECT_EQ(policy->pcrs.at({tpm::kAlgSha256, 7}).size(), 2U);
  EXPECT_EQ(policy->minimum_firmware, 0x0007005500000000U);
  EXPECT_EQ(policy->pcr_approver, approver);
}

TEST_F(Policy, ThatIsMisspeltIsRefused) {
  Refused("", "roots must name the folder");
  Refused(roots_ + "rootz = 1\n", "unknown key \"rootz\"");
  Refused(roots_ + "[pcr]\n", "unknown key \"pcr\"");
  Refused(roots_ + "[pcrs.sha1]\n0 = \"00\"\n", "unknown key \"sha1\"");
  Refused(roots_ + "[pcrs.sha256]\n0 = \"00\"\n", "64 hexadecimal digits");
  Refused(roots_ + "[pcrs.sha256]\n0 = []\n", "accepts no value");
  Refused(roots_ + "[pcrs.sha256]\n32 = \"" + zeros_ + "\"\n", "0 to 31");
  Refused(roots_ + "[pcrs.sha256]\nx = \"" + zeros_ + "\"\n", "0 to 31");
  Refused(roots_ + "[firmware]\nminimum = 7\n", "must be a text");
  Refused(roots_ + "[firmware]\nminimum = \"7.x\"\n", "0 to 65535");
  Refused(roots_ + "require_revocation_lists = \"yes\"\n", "true or false");
  Refused("endorsement = 3", "must be a table");
  Refused("[endorsement\n", "line 1");
}

TEST_F(Policy, ThatNamesWhatIsNotThereIsRefused) {
  EXPECT_EQ(Parse("[endorsement]\nroots = \"nowhere\"\n").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Parse(roots_ + "[keys]\npcr_approver = \"none.pem\"\n").status().code(),
            absl::StatusCode::kNotFound);
  std::filesystem::create_directories(folder_.path() / "empty");
  EXPECT_EQ(Parse("[endorsement]\nroots = \"empty\"\n").status().code(), absl::StatusCode::kNotFound);
  Write("roots/broken.pem", AsBytes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  Refused(roots_, "broken.pem");
}

TEST(Firmware, IsFourParts) {
  EXPECT_EQ(FirmwareText(0x0007005511CB0002), "7.85.4555.2");
  EXPECT_EQ(ParseFirmware("7.85.4555.2").value(), 0x0007005511CB0002U);
  EXPECT_EQ(ParseFirmware("15").value(), 0x000F000000000000U);
  for (const char* wrong : {"", "1.2.3.4.5", "65536", "-1", "1..2", "1.2 "}) {
    EXPECT_FALSE(ParseFirmware(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace labrec::attestation
