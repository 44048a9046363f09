// Root runs labyrinth-admin on a realm that belongs to the service's user: it works as that user, whatever
// lies there.

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/support/realm_fixture.h"

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

void GiveAll(const fs::path& folder) {
  ASSERT_EQ(lchown(folder.c_str(), kService, kService), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    ASSERT_EQ(lchown(entry.path().c_str(), kService, kService), 0) << entry.path();
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
    GiveAll(realm_->state().parent_path());
    GiveAll(realm_->swtpm()->socket().parent_path());
  }
  // The daemon of this test runs as root, and its admin socket's folder has to be its own.
  void GiveSocketsTo(uid_t owner) {
    const fs::path sockets = realm_->admin_socket().parent_path();
    ASSERT_EQ(lchown(sockets.c_str(), owner, owner), 0);
  }
  void StartAndStop() {
    const uid_t owner = OwnerOf(realm_->admin_socket().parent_path());
    GiveSocketsTo(0);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    ASSERT_TRUE(realm_->StopDaemon().ok());
    GiveSocketsTo(owner);
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
  GiveAll(realm_->state());
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

TEST_F(RootForTheService, ALinkInTheSocketsPlaceIsNotFollowed) {
  GiveSocketsTo(0);
  const absl::Status started = realm_->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_TRUE(realm_->Admin({"status"}).ok());
  const fs::path link = realm_->state() / "admin.sock";
  fs::create_symlink(realm_->admin_socket(), link);
  const auto followed = realm_->Admin({"status", "--socket", link.string()}, false);
  EXPECT_THAT(followed.status().ToString(), HasSubstr("is no socket"));
}

}  // namespace
}  // namespace labrec::test
