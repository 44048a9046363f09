#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hsm/base/file.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"

// labyrinth-recover probe.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

class Probe : public testing::TestWithParam<SimulatorKind> {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    auto made = RealmFixture::Make(GetParam(), options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    const FinishedCommand entry =
        RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "realm", "client-entry", "--state", realm_->state(),
                    "--address", realm_->address(), "--ca-certificate", realm_->ca_certificate()});
    ASSERT_EQ(entry.code, 0) << entry.err;
    Write("realms.toml", entry.out);
    fs::copy_file(realm_->ca_certificate(), folder_.path() / realm_->ca_certificate().filename());
    Write("token", realm_->Token("probe"));
    Write("secret", "what the account keeps itself");
    ASSERT_EQ(RunCommand({Program(), "device-key", "--device-key", Path("key")}).code, 0);
    const FinishedCommand enrolled = Recover({"enroll", "--device-key", Path("key")});
    ASSERT_EQ(enrolled.code, 0) << enrolled.err;
  }
  static std::string Program() { return LABREC_BIN_DIR "/labyrinth-recover"; }
  std::string Path(const char* name) const { return folder_.path() / name; }
  void Write(const char* name, const std::string& text) const {
    ASSERT_TRUE(WriteFile(Path(name), AsBytes(text), 0600, Overwrite::kReplace).ok());
  }
  FinishedCommand Recover(std::vector<std::string> words, const std::string& input = "") const {
    words.insert(words.begin(), Program());
    words.insert(words.end(), {"--realms", Path("realms.toml"), "--token-file", Path("token")});
    return RunCommand(words, input);
  }
  FinishedCommand Ask() const {
    return Recover(
        {"probe", "--device-key", Path("key"), "--metrics-out", Path("metrics"), "--json", "--timeout", "5"});
  }
  std::string Metrics() const { return ToString(*ReadFile(Path("metrics"))); }

  TemporaryFolder folder_;
  std::unique_ptr<RealmFixture> realm_;
};
INSTANTIATE_TEST_SUITE_P(Devices, Probe, testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(Probe, DoesAsAPersonAndLeavesNothing) {
  const FinishedCommand sealed = Recover(
      {"seal", "--device-key", Path("key"), "--secret-file", Path("secret"), "--pin-stdin"}, "4938\n");
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  for (int round = 0; round < 2; ++round) {
    const FinishedCommand asked = Ask();
    ASSERT_EQ(asked.code, 0) << asked.err;
    const Json report = Json::parse(asked.out);
    EXPECT_EQ(report["outcome"], "good");
    ASSERT_EQ(report["steps"].size(), 5U);
    for (const Json& step : report["steps"]) EXPECT_TRUE(step["good"]) << step;
    EXPECT_THAT(Metrics(), HasSubstr("labyrinth_probe_success 1\n"));
    EXPECT_THAT(Metrics(), HasSubstr("labyrinth_probe_step_seconds{step=\"recover\"} "));
  }
  const auto devices = realm_->Admin({"device", "list", "--tenant", "chat", "--account", "probe"});
  ASSERT_TRUE(devices.ok()) << devices.status();
  EXPECT_EQ(Json::parse(*devices)["records"], Json::array({"default"})) << "the account's own record stays";
  const FinishedCommand back = Recover({"recover", "--output", Path("back"), "--pin-stdin"}, "4938\n");
  EXPECT_EQ(back.code, 0) << back.err;
}

TEST_P(Probe, SaysWhatFailed) {
  realm_->BreakDevice();
  const FinishedCommand asked = Ask();
  EXPECT_NE(asked.code, 0);
  const Json report = Json::parse(asked.out);
  EXPECT_EQ(report["outcome"], "failed");
  EXPECT_FALSE(report["steps"].back()["good"]);
  EXPECT_THAT(Metrics(), HasSubstr("labyrinth_probe_success 0\n"));
}

}  // namespace
}  // namespace labrec::test
