#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"

// Who may use the admin socket: root, the daemon's user, and [admin] allow_uids.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int kAllowed = 65533;
constexpr int kStranger = 65532;

class AdminUsers : public testing::Test {
 protected:
  void Start(const std::string& more_admin) {
    RealmFixture::Options options;
    options.more_admin = more_admin;
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    // Others can reach the socket, and a program to use it with.
    fs::permissions(folder(), fs::perms(0755));
    fs::copy_file(LABREC_BIN_DIR "/labyrinth-admin", folder() / "labyrinth-admin");
    fs::permissions(folder() / "labyrinth-admin", fs::perms(0755));
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  fs::path folder() const { return realm_->admin_socket().parent_path(); }
  mode_t SocketMode() const {
    struct stat found {};
    EXPECT_EQ(stat(realm_->admin_socket().c_str(), &found), 0);
    return found.st_mode & 07777;
  }
  // As another user. Only root can become one.
  FinishedCommand As(int uid, std::vector<std::string> words) const {
    std::vector<std::string> command = {"setpriv", absl::StrCat("--reuid=", uid),
                                        absl::StrCat("--regid=", uid), "--clear-groups",
                                        folder() / "labyrinth-admin"};
    words.insert(words.end(), {"--socket", realm_->admin_socket().string()});
    command.insert(command.end(), words.begin(), words.end());
    return RunCommand(command);
  }
  std::string AuditLog() const {
    std::ifstream file(realm_->state() / "audit.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::unique_ptr<RealmFixture> realm_;
};

TEST_F(AdminUsers, NobodyElseUnlessToldSo) {
  Start("");
  EXPECT_EQ(SocketMode(), 0600U);
  EXPECT_TRUE(realm_->Admin({"status"}).ok());
  if (geteuid() != 0) return;  // what follows takes other users
  EXPECT_EQ(As(kStranger, {"status"}).code, 1);
  // Even where a mode was loosened: the kernel says who asks.
  fs::permissions(realm_->admin_socket(), fs::perms(0666));
  EXPECT_EQ(As(kStranger, {"status"}).code, 1);
  EXPECT_TRUE(realm_->WaitForLog(absl::StrCat("refused uid ", kStranger)).ok());
}

TEST_F(AdminUsers, AReaderLooksAndChangesNothing) {
  Start(absl::StrCat("readers = [", kAllowed, "]\n"));
  EXPECT_EQ(SocketMode(), 0666U);
  if (geteuid() != 0) return;  // what follows takes other users
  EXPECT_EQ(As(kAllowed, {"status"}).code, 0);
  EXPECT_EQ(As(kAllowed, {"account", "list"}).code, 0);
  EXPECT_THAT(AuditLog(), HasSubstr(absl::StrCat("reader uid ", kAllowed)));
  const std::vector<std::vector<std::string>> changes = {
      {"account", "erase", "--tenant", "chat", "--account", "alice", "--yes"},
      {"record", "delete", "--tenant", "chat", "--account", "alice", "--record", "storage-key", "--yes"},
      {"backup", "create", "--output", folder() / "copy.sqlite"},
      {"store", "rotate", "--yes"},
  };
  for (const auto& change : changes) {
    const FinishedCommand refused = As(kAllowed, change);
    EXPECT_NE(refused.code, 0);
    EXPECT_THAT(refused.err, HasSubstr("may only look")) << change[0] << " " << change[1] << refused.out;
  }
  EXPECT_FALSE(fs::exists(folder() / "copy.sqlite"));
  EXPECT_EQ(As(kStranger, {"status"}).code, 1);
}

TEST_F(AdminUsers, WhatNothingBringsBackTakesTwoPersons) {
  Start(absl::StrCat("allow_uids = [", kAllowed, "]\ntwo_persons_minutes = 10\n"));
  if (geteuid() != 0) return;  // what follows takes other users
  const std::vector<std::string> erase = {"account",   "erase", "--tenant", "chat",
                                          "--account", "alice", "--yes"};
  for (int again = 0; again < 2; ++again) {
    const FinishedCommand first = As(kAllowed, erase);
    EXPECT_NE(first.code, 0);
    EXPECT_THAT(first.err, HasSubstr("nothing was done yet")) << "twice the same person is one";
  }
  EXPECT_THAT(AuditLog(), HasSubstr("account_erase_asked"));
  const std::vector<std::string> other = {"account",   "erase", "--tenant", "chat",
                                          "--account", "bob",   "--yes"};
  EXPECT_THAT(realm_->Admin(other).status().ToString(), HasSubstr("nothing was done yet"))
      << "of another account";
  // There is no such account: it came as far as that.
  EXPECT_THAT(realm_->Admin(erase).status().ToString(), HasSubstr("there is no such account"));
  EXPECT_THAT(AuditLog(), HasSubstr(absl::StrCat("asked for by uid ", kAllowed, " too")));
  EXPECT_THAT(As(kAllowed, erase).err, HasSubstr("nothing was done yet")) << "it was used up";
}

TEST_F(AdminUsers, WhomTheConfigurationNames) {
  Start(absl::StrCat("allow_uids = [", kAllowed, "]\n"));
  EXPECT_EQ(SocketMode(), 0666U);
  EXPECT_TRUE(realm_->Admin({"status"}).ok()) << "the daemon's own user still";
  if (geteuid() != 0) return;  // what follows takes other users
  const FinishedCommand allowed = As(kAllowed, {"status"});
  EXPECT_EQ(allowed.code, 0) << allowed.err;
  const FinishedCommand stranger = As(kStranger, {"status"});
  EXPECT_EQ(stranger.code, 1) << stranger.out;
  EXPECT_TRUE(realm_->WaitForLog(absl::StrCat("refused uid ", kStranger)).ok());

  const fs::path key = folder() / "phone.pub";
  ASSERT_EQ(RunCommand({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                        folder() / "phone.pem"})
                .code,
            0);
  ASSERT_EQ(RunCommand({"openssl", "ec", "-in", folder() / "phone.pem", "-pubout", "-out", key}).code, 0);
  fs::permissions(key, fs::perms(0644));
  const std::vector<std::string> enroll = {"device",    "enroll", "--tenant",     "chat",
                                           "--account", "alice",  "--public-key", key};
  EXPECT_EQ(As(kStranger, enroll).code, 1);
  EXPECT_THAT(AuditLog(), testing::Not(HasSubstr("alice")));
  const FinishedCommand enrolled = As(kAllowed, enroll);
  EXPECT_EQ(enrolled.code, 0) << enrolled.err;
  EXPECT_THAT(AuditLog(), HasSubstr(absl::StrCat("uid ", kAllowed))) << "the audit log has who it was";
}

}  // namespace
}  // namespace labrec::test
