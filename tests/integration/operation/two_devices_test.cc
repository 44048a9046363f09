#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"

// A realm whose keys are in one device and whose freshness anchor is in another: "realm init --anchor".
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The parameter says where the keys are.
class TwoDevices : public testing::TestWithParam<SimulatorKind> {
 protected:
  void SetUp() override {
    if (GetParam() == SimulatorKind::kSwtpm) {
      Keep(SoftHsm::Start(), anchor_token_);
    } else {
      Keep(Swtpm::Start(), anchor_tpm_);
    }
    ASSERT_FALSE(HasFatalFailure());
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.init_options = {"--anchor", AnchorUri()};
    Keep(RealmFixture::Make(GetParam(), options), realm_);
    ASSERT_FALSE(HasFatalFailure());
    Start();
    WriteClientFiles();
  }
  template <typename T>
  void Keep(absl::StatusOr<std::unique_ptr<T>> made, std::unique_ptr<T>& where) {
    ASSERT_TRUE(made.ok()) << made.status();
    where = *std::move(made);
  }
  std::string AnchorUri() const {
    return anchor_tpm_ ? absl::StrCat("tpm2:", anchor_tpm_->tcti()) : anchor_token_->uri();
  }
  void BreakAnchor() {
    if (anchor_tpm_) anchor_tpm_->Kill();
    if (anchor_token_) anchor_token_->Break();
  }
  void RepairAnchor() {
    if (anchor_token_) anchor_token_->Repair();
    if (anchor_tpm_) {
      ASSERT_TRUE(anchor_tpm_->Restart().ok());
    }
  }
  void Start() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok() && *code == 0) << code.status();
  }
  Json Admin(std::vector<std::string> words) {
    const auto answer = realm_->Admin(std::move(words));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  int Remaining() {
    return Admin(
        {"record", "show", "--tenant", "chat", "--account", "alice", "--record", "default"})["remaining"];
  }

  std::string Path(const char* name) const { return folder_.path() / name; }
  void WriteClientFiles() {
    std::ofstream(Path("realms.toml"))
        << "[[realm]]\nid = \"" << realm_->realm_id() << "\"\naddress = \"" << realm_->address()
        << "\"\nca_certificate = \"" << realm_->ca_certificate().string() << "\"\n";
    std::ofstream(Path("token")) << realm_->Token("alice");
    std::ofstream(Path("secret")) << "a storage key of 32 bytes......!";
    fs::permissions(Path("token"), fs::perms(0600));
    fs::permissions(Path("secret"), fs::perms(0600));
  }
  FinishedCommand Recover(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), LABREC_BIN_DIR "/labyrinth-recover");
    if (words[1] != "device-key") {
      words.insert(words.end(), {"--realms", Path("realms.toml"), "--token-file", Path("token")});
    }
    return RunCommand(words, input);
  }
  int Guess(const std::string& pin, const char* output) {
    const FinishedCommand ended = Recover({"recover", "--output", Path(output), "--pin-stdin"}, pin + "\n");
    last_error_ = ended.err;
    return ended.code;
  }
  void Seal() {
    ASSERT_EQ(Recover({"device-key", "--device-key", Path("phone")}).code, 0);
    const FinishedCommand enrolled = Recover({"enroll", "--device-key", Path("phone")});
    ASSERT_EQ(enrolled.code, 0) << enrolled.err;
    const FinishedCommand sealed = Recover(
        {"seal", "--device-key", Path("phone"), "--secret-file", Path("secret"), "--pin-stdin"}, "4938\n");
    ASSERT_EQ(sealed.code, 0) << sealed.err;
  }

  TemporaryFolder folder_;
  std::unique_ptr<SoftHsm> anchor_token_;
  std::unique_ptr<Swtpm> anchor_tpm_;
  std::unique_ptr<RealmFixture> realm_;
  std::string last_error_;
};
INSTANTIATE_TEST_SUITE_P(Keys, TwoDevices, testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(TwoDevices, SealGuessAndRecoverOverAKill) {
  const bool keys_in_tpm = GetParam() == SimulatorKind::kSwtpm;
  const Json status = Admin({"status"});
  EXPECT_EQ(status["device_kind"], keys_in_tpm ? "tpm2" : "pkcs11");
  EXPECT_EQ(status["anchor_kind"], keys_in_tpm ? "pkcs11-key-ratchet" : "tpm-nv-counter");
  EXPECT_THAT(Content(realm_->state() / "realm.json"), HasSubstr("\"anchor\""));
  EXPECT_TRUE(fs::exists(realm_->state() / "anchor.auth"));

  Seal();
  EXPECT_EQ(Guess("0000", "wrong"), 3);
  EXPECT_EQ(Remaining(), 9);
  realm_->daemon().Kill();
  Start();
  EXPECT_EQ(Remaining(), 9);
  EXPECT_EQ(Guess("4938", "back"), 0) << last_error_;
  EXPECT_EQ(Content(Path("back")), Content(Path("secret")));
  EXPECT_EQ(Remaining(), 10);
}

TEST_P(TwoDevices, NoGuessWithoutTheAnchor) {
  Seal();
  BreakAnchor();
  EXPECT_EQ(Guess("4938", "away"), 6) << last_error_;
  RepairAnchor();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int code = 6;
  while (code == 6 && std::chrono::steady_clock::now() < deadline) code = Guess("4938", "back");
  EXPECT_EQ(code, 0) << last_error_;
  EXPECT_EQ(Remaining(), 10);
}

TEST_P(TwoDevices, TheOtherDeviceNoticesARollback) {
  Seal();
  Stop();
  fs::copy_file(realm_->state() / "ledger.sqlite", Path("older"));
  Start();
  EXPECT_EQ(Guess("0000", "wrong"), 3);
  Stop();
  for (const char* const suffix : {"-wal", "-shm"})
    fs::remove(realm_->state() / absl::StrCat("ledger.sqlite", suffix));
  fs::copy_file(Path("older"), realm_->state() / "ledger.sqlite", fs::copy_options::overwrite_existing);
  EXPECT_FALSE(realm_->StartDaemon().ok());
  EXPECT_THAT(realm_->Log(), HasSubstr("rolled back by"));
}

TEST(TwoDevicesInit, NothingIsMadeWhereTheAnchorIsMissing) {
  auto tpm = Swtpm::Start();
  ASSERT_TRUE(tpm.ok()) << tpm.status();
  const TemporaryFolder folder;
  const FinishedCommand refused = RunCommand(
      {LABREC_BIN_DIR "/labyrinth-admin", "realm", "init", "--device", absl::StrCat("tpm2:", (*tpm)->tcti()),
       "--anchor", "tpm2:swtpm:path=/nobody/there", "--state", folder.path() / "state"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("/nobody/there"));
  EXPECT_FALSE(fs::exists(folder.path() / "state"));
  // Nothing was left in the key device either: the same command with a whole device succeeds.
  const FinishedCommand made =
      RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "realm", "init", "--device",
                  absl::StrCat("tpm2:", (*tpm)->tcti()), "--state", folder.path() / "state"});
  EXPECT_EQ(made.code, 0) << made.err;
}

}  // namespace
}  // namespace labrec::test
