#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "tests/integration/server/api_client.h"
#include "tests/support/realm/realm_fixture.h"

// The daemon dies between the ledger's commit and the audit log's line (docs/threat_model.md, "What the audit
// log holds").
namespace labrec::test {
namespace {

class LostLine : public testing::TestWithParam<SimulatorKind> {
 protected:
  void SetUp() override {
    auto made = RealmFixture::Make(GetParam());
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
  }
  // One that dies at this write of the audit log, before it is made.
  void StartDyingAt(int line) {
    Start({{"LD_PRELOAD", absl::StrCat(LABREC_TESTS_DIR, "/libcrash_shim.so")},
           {"CRASH_FOLDER", (realm_->state() / "audit.log").string()},
           {"CRASH_AT", std::to_string(line)},
           {"CRASH_WHEN", "before"}});
  }
  void Start(const std::map<std::string, std::string>& environment = {}) {
    const absl::Status started = realm_->StartDaemon(environment);
    ASSERT_TRUE(started.ok()) << started;
  }
  void ExpectKilled() {
    const auto code = realm_->daemon().Wait(std::chrono::seconds(20));
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(*code, 128 + SIGKILL);
  }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok() && *code == 0) << code.status();
  }
  int Lines(const std::string& event) const {
    std::ifstream file(realm_->state() / "audit.log");
    int lines = 0;
    for (std::string line; std::getline(file, line);) {
      lines += line.find(absl::StrCat("\"event\":\"", event, "\"")) == line.npos ? 0 : 1;
    }
    return lines;
  }
  size_t Devices() const {
    const auto listed = realm_->Admin({"device", "list", "--tenant", "chat", "--account", "alice"});
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? nlohmann::json::parse(*listed)["devices"].size() : 0;
  }

  std::unique_ptr<RealmFixture> realm_;
};
INSTANTIATE_TEST_SUITE_P(Devices, LostLine, testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         [](const auto& device) {
                           return device.param == SimulatorKind::kSwtpm ? "Swtpm" : "SoftHsm";
                         });

TEST_P(LostLine, TheChangeStandsAndTheNextRunSaysThatALineMayBeMissing) {
  ASSERT_NO_FATAL_FAILURE(StartDyingAt(1));
  ApiClient alice(*realm_, "alice");
  EXPECT_FALSE(alice.Enroll().ok()) << "nobody was told of it";
  ExpectKilled();
  EXPECT_EQ(Lines("device_enrolled"), 0);

  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_EQ(Devices(), 1U) << "it is in the ledger";
  EXPECT_EQ(Lines("run_was_killed"), 1);
  EXPECT_TRUE(alice.Enroll().ok());
  EXPECT_EQ(Lines("device_enrolled"), 0) << "the repetition changes nothing";
  Stop();
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_EQ(Lines("run_was_killed"), 1) << "the run before this one came to its end";
}

// A destroyed record's line is caught up.
TEST_P(LostLine, ADestroyedRecordIsWrittenByTheNextRun) {
  ASSERT_NO_FATAL_FAILURE(StartDyingAt(4));  // enrolled, registered, activated
  ApiClient alice(*realm_, "alice");
  alice.guess_limit = 1;
  ASSERT_TRUE(alice.SetUp().ok());
  v1::EvaluateResponse answer;
  ASSERT_TRUE(alice.Evaluate(1, &answer).ok());
  EXPECT_FALSE(alice.Evaluate(2, &answer).ok());
  ExpectKilled();
  EXPECT_EQ(Lines("record_destroyed"), 0);
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(alice.Evaluate(2, &answer).ok());
  EXPECT_TRUE(answer.has_destroyed());
  EXPECT_EQ(Lines("record_destroyed"), 1);
}

}  // namespace
}  // namespace labrec::test
