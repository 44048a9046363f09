// Root runs labyrinth-admin on a realm that belongs to the service's user: it works as that user, whatever
// lies there.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr uid_t kService = 65533;

uid_t OwnerOf(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(lstat(path.c_str(), &found), 0) << path;
  return found.st_uid;
}

void GiveAll(const fs::path& folder, uid_t owner = kService) {
  ASSERT_EQ(lchown(folder.c_str(), owner, owner), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    ASSERT_EQ(lchown(entry.path().c_str(), owner, owner), 0) << entry.path();
  }
}

class RootForTheService : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0U) << "this test gives files away: run it as root, as CI does";
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    StartAndStop();
    GiveAll(realm_->swtpm()->socket().parent_path());
  }
  // The daemon of this test runs as root: the realm is root's meanwhile, with the folder of its sockets.
  void Start() {
    GiveAll(realm_->state(), 0);
    const fs::path sockets = realm_->admin_socket().parent_path();
    ASSERT_EQ(lchown(sockets.c_str(), 0, 0), 0);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void StartAndStop() {
    Start();
    ASSERT_TRUE(realm_->StopDaemon().ok());
    GiveAll(realm_->state().parent_path());
  }
  absl::StatusOr<std::string> Admin(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", realm_->state().string()});
    return realm_->Admin(std::move(arguments), false);
  }
  void ExpectAllIsTheServices() {
    for (const auto& entry : fs::recursive_directory_iterator(realm_->state())) {
      EXPECT_EQ(OwnerOf(entry.path()), kService) << entry.path();
    }
  }
  fs::path ledger() const { return realm_->state() / "ledger.sqlite"; }

  TemporaryFolder roots_;  // root's alone
  std::unique_ptr<RealmFixture> realm_;
};

TEST_F(RootForTheService, WhatIsMadeBelongsToTheService) {
  for (const char* name : {"lock", "ledger.sqlite.lock", "audit.log"}) fs::remove(realm_->state() / name);
  const auto status = Admin({"anchor", "status"});
  EXPECT_TRUE(status.ok()) << status.status();
  ExpectAllIsTheServices();
}

TEST_F(RootForTheService, AnAcceptedLedgerBelongsToTheService) {
  fs::copy_file(ledger(), roots_.path() / "stale.sqlite");
  StartAndStop();  // as root, so that the ledger is ahead of the copy
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(ledger().string() + suffix);
  fs::copy_file(roots_.path() / "stale.sqlite", ledger(), fs::copy_options::overwrite_existing);
  fs::remove(realm_->state() / "audit.log");
  const auto accepted = Admin({"anchor", "accept", "--yes"});
  EXPECT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_TRUE(fs::exists(realm_->state() / "audit.log"));
  ExpectAllIsTheServices();
}

// Where the service's user put a link, root's rights do not go along it.
TEST_F(RootForTheService, ALinkLeadsNoFurtherThanTheServiceCouldGo) {
  const fs::path target = roots_.path() / "made-through-a-link";
  for (const char* name : {"lock", "ledger.sqlite.lock"}) {
    fs::remove(realm_->state() / name);
    fs::create_symlink(target, realm_->state() / name);
    EXPECT_FALSE(Admin({"anchor", "status"}).ok()) << name;
    fs::remove(realm_->state() / name);
  }
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(RootForTheService, ASnapshotThatOnlyRootMayReadIsVerified) {
  const fs::path snapshot = roots_.path() / "snapshot.sqlite";
  fs::copy_file(ledger(), snapshot);
  fs::permissions(snapshot, fs::perms(0600));
  const auto verified = Admin({"backup", "verify", snapshot.string()});
  EXPECT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(OwnerOf(snapshot), 0U);
  ExpectAllIsTheServices();
}

// One start as root used to leave files that the service could not open.
TEST_F(RootForTheService, ADaemonOfRootIsRefused) {
  for (const char* name : {"lock", "audit.log"}) fs::remove(realm_->state() / name);
  const absl::Status started = realm_->StartDaemon();
  EXPECT_THAT(started.ToString(), HasSubstr("start the daemon as uid 65533"));
  EXPECT_FALSE(fs::exists(realm_->state() / "audit.log"));
  ExpectAllIsTheServices();
}

TEST_F(RootForTheService, CheckConfigLooksAsTheService) {
  const std::string file = realm_->state().parent_path() / "recoveryd.toml";
  const std::vector<std::string> check = {LABREC_BIN_DIR "/labyrinth-recoveryd", "--check-config", "--config",
                                          file};
  const FinishedCommand good = RunCommand(check);
  EXPECT_EQ(good.code, 0) << good.err;
  ASSERT_EQ(lchown(realm_->jwks().c_str(), 0, 0), 0);  // of mode 0600
  const FinishedCommand unreadable = RunCommand(check);
  EXPECT_EQ(unreadable.code, 2);
  EXPECT_THAT(unreadable.err, HasSubstr("chat.jwks: "));
}

TEST_F(RootForTheService, ALinkInTheSocketsPlaceIsNotFollowed) {
  Start();
  EXPECT_TRUE(realm_->Admin({"status"}).ok());
  const fs::path link = realm_->state() / "admin.sock";
  fs::create_symlink(realm_->admin_socket(), link);
  const auto followed = realm_->Admin({"status", "--socket", link.string()}, false);
  EXPECT_THAT(followed.status().ToString(), HasSubstr("is no socket"));
}

}  // namespace
}  // namespace labrec::test
