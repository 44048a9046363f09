// A realm whose keys are bound to PCRs, through its operator's hands: init, an update of the machine that
// nobody approved, the approval, and the same keys again.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/eventually.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using Json = nlohmann::json;
using testing::HasSubstr;

const std::string kZero(64, '0');

class PcrRealm : public testing::Test {
 protected:
  void SetUp() override {
    Keygen("approver");
    Keygen("stranger");
    std::ofstream(Path("values")) << R"({"pcrs": {"sha256": {"0": ")" << kZero << R"(", "7": ")" << kZero
                                  << R"("}}})";
  }

  void Keygen(const std::string& name) {
    const FinishedCommand made =
        Run({"pcr", "keygen", "--key", Path(name), "--public-key", Path(name + ".pem")});
    ASSERT_EQ(made.code, 0) << made.err;
  }
  FinishedCommand Run(std::vector<std::string> words) {
    words.insert(words.begin(), LABREC_BIN_DIR "/labyrinth-admin");
    return RunCommand(words);
  }
  // `key` approves the values of a machine as it is made.
  std::string Approval(const std::string& key) {
    const std::string out = Path(key + ".approval");
    const FinishedCommand made =
        Run({"pcr", "approve", "--key", Path(key), "--values", Path("values"), "--out", out});
    EXPECT_EQ(made.code, 0) << made.err;
    return out;
  }
  absl::StatusOr<std::unique_ptr<RealmFixture>> Make(SimulatorKind kind, const std::string& pcrs,
                                                     const std::string& approval) {
    RealmFixture::Options options;
    options.init_options = {"--pcrs",         pcrs,    "--pcr-approver", Path("approver.pem"),
                            "--pcr-approval", approval};
    return RealmFixture::Make(kind, std::move(options));
  }
  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }

  absl::StatusOr<std::string> Pcr(std::vector<std::string> words) {
    words.insert(words.begin(), "pcr");
    words.insert(words.end(), {"--state", realm_->state().string()});
    return realm_->Admin(std::move(words), false);
  }
  void ExtendSeven() {
    const absl::Status extended =
        TpmTools(*realm_->swtpm()).Run("pcrextend 7:sha256=" + std::string(64, '1'));
    ASSERT_TRUE(extended.ok()) << extended;
  }

  // The answer to a guess with always the same element.
  grpc::Status Guess(RawAccount& account, v1::EvaluateResponse& response) {
    const auto stub = NewStub(*realm_);
    grpc::ClientContext context;
    context.AddMetadata("authorization", account.bearer());
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (element_.empty()) element_ = account.NextElement();
    v1::EvaluateRequest request;
    request.set_record(kRawRecord);
    request.set_version(kRawVersion);
    request.add_elements(element_);
    return stub->Evaluate(&context, request, &response);
  }

  // Until the daemon has looked at the approvals again, at most twenty seconds.
  grpc::Status GuessInTheEnd(RawAccount& account, v1::EvaluateResponse& response) {
    grpc::Status status;
    Eventually([&] { return (status = Guess(account, response)).ok(); });
    return status;
  }

  TemporaryFolder folder_;
  std::unique_ptr<RealmFixture> realm_;
  std::string element_;
};

TEST_F(PcrRealm, AnUpdateNeedsTheApproverAndNoNewRealm) {
  auto made = Make(SimulatorKind::kSwtpm, "sha256:0,7", Approval("approver"));
  ASSERT_TRUE(made.ok()) << made.status();
  realm_ = *std::move(made);
  ASSERT_TRUE(realm_->StartDaemon().ok());
  auto account = RawAccount::Register(*NewStub(*realm_), "chat", "alice", realm_->Token("alice"));
  ASSERT_TRUE(account.ok()) << account.status();
  v1::EvaluateResponse before;
  const grpc::Status guessed = Guess(**account, before);
  ASSERT_TRUE(guessed.ok()) << guessed.error_message();
  const auto shown = Pcr({"show"});
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(Json::parse(*shown)["approved"], true);

  // Something else runs on the machine now: no guess under the running daemon, and no start.
  ExtendSeven();
  v1::EvaluateResponse none;
  EXPECT_FALSE(Guess(**account, none).ok());
  EXPECT_THAT(realm_->Log(), HasSubstr("approves other values of sha256:7"));
  const auto changed = Pcr({"show"});
  EXPECT_THAT(changed.status().ToString(), HasSubstr("ended with 1"));
  EXPECT_THAT(changed.status().ToString(), HasSubstr("labyrinth-admin pcr approve"));
  ASSERT_TRUE(Pcr({"approve", "--key", Path("approver"), "--current"}).ok());
  v1::EvaluateResponse approved_while_running;
  const grpc::Status goes_on = GuessInTheEnd(**account, approved_while_running);
  ASSERT_TRUE(goes_on.ok()) << goes_on.error_message();
  EXPECT_EQ(approved_while_running.evaluated().evaluated(0), before.evaluated().evaluated(0));

  ExtendSeven();
  (void)realm_->StopDaemon();
  const absl::Status refused = realm_->StartDaemon();
  EXPECT_THAT(refused.ToString(), HasSubstr("labyrinth-admin pcr approve"));
  EXPECT_THAT(refused.ToString(), HasSubstr("sha256:0,7"));

  // Not by another key, nor by an approval that was signed for other values.
  EXPECT_THAT(Pcr({"approve", "--key", Path("stranger"), "--current"}).status().ToString(),
              HasSubstr("not this realm's approver"));
  ASSERT_TRUE(Pcr({"approve", "--key", Path("approver"), "--values", Path("values")}).ok());
  EXPECT_FALSE(realm_->StartDaemon().ok());
  const auto approved = Pcr({"approve", "--key", Path("approver"), "--current"});
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_TRUE(Pcr({"show"}).ok());
  const absl::Status started = realm_->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  v1::EvaluateResponse after;
  const grpc::Status again = Guess(**account, after);
  ASSERT_TRUE(again.ok()) << again.error_message();
  ASSERT_GT(before.evaluated().evaluated_size(), 0);
  EXPECT_EQ(after.evaluated().evaluated(0), before.evaluated().evaluated(0)) << "the same key";
}

TEST_F(PcrRealm, InitMakesNothingWithoutAFittingApproval) {
  EXPECT_THAT(Make(SimulatorKind::kSwtpm, "sha256:0,7", Approval("stranger")).status().ToString(),
              HasSubstr("did not sign it; nothing was made"));
  const std::string approval = Approval("approver");
  EXPECT_THAT(Make(SimulatorKind::kSwtpm, "sha256:0", approval).status().ToString(),
              HasSubstr("it is for the PCRs sha256:0,7"));
  // PCR 17 of a machine without a dynamic root of trust is all ones.
  std::ofstream(Path("values")) << R"({"pcrs": {"sha256": {"17": ")" << kZero << R"("}}})";
  std::filesystem::remove(approval);
  EXPECT_THAT(Make(SimulatorKind::kSwtpm, "sha256:17", Approval("approver")).status().ToString(),
              HasSubstr("sha256:17 hold other values"));
}

TEST_F(PcrRealm, ATokenHasNoPcrs) {
  const auto made = Make(SimulatorKind::kSoftHsm, "sha256:0,7", Approval("approver"));
  EXPECT_THAT(made.status().ToString(), HasSubstr("a PKCS#11 token has no PCRs"));
  auto plain = RealmFixture::Make(SimulatorKind::kSoftHsm);
  ASSERT_TRUE(plain.ok()) << plain.status();
  realm_ = *std::move(plain);
  EXPECT_THAT(Pcr({"show"}).status().ToString(), HasSubstr("bound to no PCRs"));
}

TEST_F(PcrRealm, WrongUsageIsToldApart) {
  const auto usage = [&](std::vector<std::string> words) { return Run(std::move(words)).code == 2; };
  EXPECT_TRUE(usage({"pcr", "approve"}));
  EXPECT_TRUE(usage({"pcr", "approve", "--key", Path("approver"), "--current"}));
  EXPECT_TRUE(usage({"pcr", "approve", "--key", Path("approver"), "--current", "--out", Path("x")}));
  EXPECT_TRUE(usage({"pcr", "approve", "--key", Path("approver"), "--values", Path("values"), "--current",
                     "--state", Path("x")}));
  EXPECT_TRUE(usage({"pcr", "show"}));
  EXPECT_TRUE(usage({"realm", "init", "--device", "tpm2:swtpm:path=/nonexistent", "--state", Path("realm"),
                     "--pcrs", "sha256:7"}));
  EXPECT_FALSE(std::filesystem::exists(Path("x")));
}

}  // namespace
}  // namespace labrec::test
