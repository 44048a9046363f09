#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"

// SIGHUP, and the audit log while a daemon writes it.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class RunningRealm : public testing::Test {
 protected:
  void SetUp() override {
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void Reload() const { ASSERT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0); }
  void ExpectLog(const std::string& text, int times = 1) const {
    const absl::Status found = realm_->WaitForLog(text, times);
    EXPECT_TRUE(found.ok()) << found;
  }
  static std::string Text(const fs::path& file) {
    const auto content = ReadFile(file);
    return content.ok() ? ToString(*content) : std::string();
  }
  static void Write(const fs::path& file, const std::string& text) {
    ASSERT_TRUE(WriteFile(file, AsBytes(text), 0600, Overwrite::kReplace).ok());
  }
  // An operator's act that the audit log has to have first.
  absl::StatusOr<std::string> Enroll(const std::string& account) {
    const fs::path key = folder_.path() / "key.pub";
    Write(key, EcdsaPrivateKey::Generate().public_key().Pem());
    return realm_->Admin({"device", "enroll", "--tenant", "chat", "--account", account, "--public-key", key});
  }
  FinishedCommand Verify(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {LABREC_BIN_DIR "/labyrinth-admin", "audit", "verify", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    if (more.empty()) words.insert(words.end(), {"--state", realm_->state()});
    return RunCommand(words);
  }

  TemporaryFolder folder_;
  std::unique_ptr<RealmFixture> realm_;
  fs::path audit() const { return realm_->state() / "audit.log"; }
};

TEST_F(RunningRealm, SighupSaysWhatItDoesNotTake) {
  const fs::path file = realm_->state().parent_path() / "recoveryd.toml";
  const std::string before = Text(file);
  Reload();
  ExpectLog("are read again");
  EXPECT_THAT(realm_->Log(), Not(HasSubstr("next start only")));
  Write(file, absl::StrCat(before, "[log]\nlevel = \"debug\"\n[metrics]\naddress = \"127.0.0.1:1\"\n"));
  Reload();
  ExpectLog("[log] level is \"debug\" now");
  ExpectLog("[metrics] address was changed in");
  EXPECT_THAT(realm_->Log(), Not(HasSubstr("[realm] state was changed")));
  Write(file, absl::StrReplaceAll(before, {{"[admin]", "[nonsense]\n[admin]"}}));
  Reload();
  ExpectLog("nothing of the configuration is taken: ");
  ExpectLog("nonsense: is no section of this file");
}

// The socket is not in the realm's folder.
TEST_F(RunningRealm, TheConfigurationSaysWhereTheSocketIs) {
  const std::string file = realm_->state().parent_path() / "recoveryd.toml";
  const FinishedCommand status = RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "status", "--config", file});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_THAT(status.out, testing::ContainsRegex("started_at: 20[0-9-]+T")) << "a date, and no milliseconds";
  EXPECT_THAT(status.out, Not(testing::ContainsRegex("_ms: 20[0-9]+-")));
  const FinishedCommand nobody =
      RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "record", "show", "--config", file, "--tenant", "chat",
                  "--account", "alcie", "--record", "default"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("account \"alcie\" has no record \"default\""));
}

TEST_F(RunningRealm, AnAuditLogThatIsMovedAwayIsFollowedByANewOne) {
  ASSERT_TRUE(Enroll("alice").ok());
  const fs::path old = folder_.path() / "audit.log.1";
  fs::rename(audit(), old);
  Reload();
  ExpectLog("and a new one begins");
  ASSERT_TRUE(Enroll("bob").ok());
  EXPECT_THAT(Text(old), HasSubstr("alice"));
  EXPECT_THAT(Text(audit()), HasSubstr("\"bob\""));
  const FinishedCommand both = Verify({old, audit()});
  EXPECT_EQ(both.code, 0) << both.out << both.err;
  // Without a word to the daemon, too.
  fs::rename(audit(), folder_.path() / "audit.log.2");
  ASSERT_TRUE(Enroll("carol").ok());
  EXPECT_THAT(Text(audit()), HasSubstr("\"carol\""));
}

TEST_F(RunningRealm, WhatTheAuditLogCannotHaveIsNotDone) {
  fs::remove(audit());
  fs::create_directory(audit());
  EXPECT_THAT(Enroll("alice").status().ToString(), HasSubstr("audit log: "));
  const auto devices = [this] {
    return realm_->Admin({"device", "list", "--tenant", "chat", "--account", "alice"}).status().ToString();
  };
  EXPECT_THAT(devices(), HasSubstr("audit log: ")) << "nor is anything shown";
  fs::remove(audit());
  EXPECT_THAT(devices(), HasSubstr("nothing is known of it"));
  EXPECT_TRUE(Enroll("alice").ok());
}

TEST_F(RunningRealm, AnEditedAuditLogIsNoticedAndNamed) {
  ASSERT_TRUE(Enroll("alice").ok());
  const FinishedCommand good = Verify();
  ASSERT_EQ(good.code, 0) << good.out << good.err;
  const Json report = Json::parse(good.out);
  EXPECT_EQ(report["lines"], 2);
  EXPECT_EQ(report["problem_count"], 0);
  const std::string head = report["head"];
  EXPECT_EQ(Verify({audit(), "--expect", head}).code, 0);

  const std::string text = Text(audit());
  std::string edited = absl::StrReplaceAll(text, {{"alice", "malik"}});
  const int fd = open(audit().c_str(), O_WRONLY | O_CLOEXEC);  // the file itself, in its place
  ASSERT_EQ(pwrite(fd, edited.data(), edited.size(), 0), static_cast<ssize_t>(edited.size()));
  close(fd);
  ASSERT_TRUE(Enroll("bob").ok());
  ExpectLog("was changed by somebody else");
  const FinishedCommand bad = Verify();
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("audit.log:1: "));
  ASSERT_TRUE(realm_->StopDaemon().ok());
  ASSERT_TRUE(realm_->StartDaemon().ok());
  ExpectLog("of its lines were edited, added or taken away");

  // Cut off at its end: what is left hangs together, but for whoever kept the last hash.
  ASSERT_TRUE(realm_->StopDaemon().ok());
  Write(audit(), text.substr(0, text.find('\n') + 1));
  EXPECT_EQ(Verify().code, 0);
  EXPECT_EQ(Verify({audit(), "--expect", head}).code, 1);
}

}  // namespace
}  // namespace labrec::test
