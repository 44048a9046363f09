// A realm whose keys are bound to PCRs, attested by a user and by its operator: as the policy file wants it,
// after a change of the machine that nobody approved, and after the approval and a new policy file.

#include "hsm/base/hash.h"
#include "tests/integration/attest/fixture.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {
namespace {

const std::string kZero(64, '0');

class AttestPcr : public Attest {
 protected:
  void Adjust(RealmFixture::Options& options) override {
    ASSERT_EQ(Pcr({"keygen", "--key", Path("approver"), "--public-key", Path("approver.pem")}).code, 0);
    std::ofstream(Path("values")) << R"({"pcrs": {"sha256": {"0": ")" << kZero << R"(", "7": ")" << kZero
                                  << R"("}}})";
    const FinishedCommand approved =
        Pcr({"approve", "--key", Path("approver"), "--values", Path("values"), "--out", Path("approval")});
    ASSERT_EQ(approved.code, 0) << approved.err;
    options.init_options = {"--pcrs",         "sha256:0,7",    "--pcr-approver", Path("approver.pem"),
                            "--pcr-approval", Path("approval")};
    std::string& lines = options.more_configuration;
    lines.replace(lines.find("sha256:0,16"), 11, "sha256:0,7");
  }
  FinishedCommand Pcr(std::vector<std::string> words) {
    words.insert(words.begin(), {LABREC_BIN_DIR "/labyrinth-admin", "pcr"});
    return RunCommand(words);
  }
  FinishedCommand AttestedByOperator() {
    return RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "attest", "--attest-policy", Path("policy.toml"),
                       "--socket", realm_->admin_socket().string()});
  }
  // The client wants PCR 7 to be this, and keys that the approver's approvals bind.
  void WantSeven(const std::string& value) {
    WritePolicy(absl::StrCat("[pcrs.sha256]\n0 = \"", kZero, "\"\n7 = \"", value,
                             "\"\n[keys]\npcr_approver = \"approver.pem\"\n"));
  }
  void ExpectProven() {
    const Ended ended = Attested();
    EXPECT_EQ(ended.code, 0) << ended.out.dump(1) << ended.err;
    EXPECT_EQ(ended.out["outcome"], "proven");
    const FinishedCommand shown = AttestedByOperator();
    EXPECT_EQ(shown.code, 0) << shown.out << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("PCR"));
  }
  // By the policy file, in these words.
  void ExpectRefused(const std::string& seven) {
    const std::string words =
        absl::StrCat("PCR 7 (SHA256) is ", seven, ", which the policy file does not accept");
    const Ended ended = Attested();
    EXPECT_EQ(ended.code, 1);
    EXPECT_EQ(ended.out.value("reason", ""), "PCR") << ended.out.dump(1) << ended.err;
    EXPECT_THAT(ended.out.value("error", ""), HasSubstr(words));
    const FinishedCommand shown = AttestedByOperator();
    EXPECT_EQ(shown.code, 1);
    EXPECT_THAT(shown.out + shown.err, HasSubstr(words));
  }
  // The TPM does not use the realm's keys at all. Why is the operator's matter.
  void ExpectNoUse() {
    const std::string words = "approves other values of sha256:7";
    const Ended ended = Attested();
    EXPECT_EQ(ended.code, 6) << "no answer";
    EXPECT_THAT(ended.out.value("error", ""), HasSubstr("security device is away"))
        << ended.out.dump(1) << ended.err;
    EXPECT_THAT(ended.out.value("error", ""), testing::Not(HasSubstr(words)));
    const FinishedCommand shown = AttestedByOperator();
    EXPECT_EQ(shown.code, 1);
    EXPECT_THAT(shown.out + shown.err, HasSubstr(words));
    EXPECT_THAT(realm_->Log(), HasSubstr(words));
    EXPECT_NE(Guess("pin"), 0);
    EXPECT_FALSE(std::filesystem::exists(Path("got")));
  }
  // Until the daemon has looked at the approvals again, at most twenty seconds.
  bool EventuallyRecovers() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (Guess("pin") != 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }
};

TEST_F(AttestPcr, FollowsTheMachineItsApproverAndThePolicyFile) {
  WantSeven(kZero);
  ExpectProven();
  Enroll();
  ASSERT_EQ(Seal("--attest-policy " + Path("policy.toml")).code, 0);
  EXPECT_EQ(Guess("pin"), 0);

  ASSERT_TRUE(TpmTools(*realm_->swtpm()).Run("pcrextend 7:sha256=" + std::string(64, '1')).ok());
  const std::string moved = Hex(Sha256(ByteView(Writer().Raw(Bytes(32, 0)).Raw(Bytes(32, 0x11)).bytes())));
  ExpectNoUse();

  const FinishedCommand approved =
      Pcr({"approve", "--key", Path("approver"), "--current", "--state", realm_->state().string()});
  ASSERT_EQ(approved.code, 0) << approved.err;
  EXPECT_TRUE(EventuallyRecovers());
  EXPECT_TRUE(realm_->daemon().Running()) << "the daemon waited for it";
  ExpectRefused(moved);  // the operator's approval is not the client's
  WantSeven(moved);
  ExpectProven();
  (void)realm_->StopDaemon();
  ASSERT_TRUE(realm_->StartDaemon().ok());
  ExpectProven();
  EXPECT_EQ(Guess("pin"), 0);
  EXPECT_EQ(Content(Path("got")), "a secret");

  const std::string other = Path("other.pem");
  ASSERT_EQ(Pcr({"keygen", "--key", Path("other"), "--public-key", other}).code, 0);
  WritePolicy("[keys]\npcr_approver = \"other.pem\"\n");
  EXPECT_EQ(Refusal(), "KEY_POLICY") << "bound by somebody else";
}

}  // namespace
}  // namespace labrec::test
