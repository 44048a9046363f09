#include <cstring>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recovery/server/admin/socket.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery {
namespace {

// Connects and waits until the other side says something or closes: 'y' if it was let in, 'n' if not.
char Knock(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer = 'n';
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) answer = 'c';
  if (answer != 'c' && read(fd, &answer, 1) != 1) answer = 'n';
  close(fd);
  return answer;
}

// Says 'y' to everybody who was let in; who only looked whether somebody answers is gone by then.
void Welcome(int fd) {
  static_cast<void>(send(fd, "y", 1, MSG_NOSIGNAL));
  close(fd);
}

class AdminSocketTest : public testing::Test {
 protected:
  std::unique_ptr<AdminSocket> Start(std::vector<uid_t> allowed) {
    auto made = AdminSocket::Listen(path_, {std::move(allowed)});
    EXPECT_TRUE(made.ok()) << made.status();
    (*made)->Accept(Welcome);
    return *std::move(made);
  }

  labrec::test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "d" / "a.sock";
};

TEST_F(AdminSocketTest, LetsInWhoIsAllowed) {
  const auto admin = Start({geteuid()});
  EXPECT_EQ(Knock(path_), 'y');
  EXPECT_EQ(Knock(path_), 'y');
}

// The kernel's word decides, whatever the file modes say.
TEST_F(AdminSocketTest, RefusesAUserWhoIsNotAllowed) {
  const auto admin = Start({geteuid() + 1});
  EXPECT_EQ(Knock(path_), 'n');
}

// The same from the other side: a foreign user who got past the file modes.
TEST_F(AdminSocketTest, RefusesAForeignUserBehindOpenModes) {
  ASSERT_EQ(geteuid(), 0U) << "this test takes the part of another user: run it as root, as CI does";
  const auto admin = Start({geteuid()});
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(path_.parent_path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  const pid_t child = fork();
  if (child == 0) _exit(setresuid(65534, 65534, 65534) == 0 ? Knock(path_) : 'x');
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 'n');
  EXPECT_EQ(Knock(path_), 'y') << "and root is still let in";
}

TEST_F(AdminSocketTest, Modes) {
  const auto admin = Start({geteuid()});
  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  ASSERT_EQ(stat(path_.parent_path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
}

TEST_F(AdminSocketTest, AFolderOthersMayWriteToIsRefused) {
  std::filesystem::create_directory(path_.parent_path());
  ASSERT_EQ(chmod(path_.parent_path().c_str(), 0770), 0);
  const auto made = AdminSocket::Listen(path_, {{geteuid()}});
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(std::string(made.status().message()), testing::HasSubstr("mode 0700"));
}

TEST_F(AdminSocketTest, ReplacesADeadSocketButNothingElse) {
  const pid_t child = fork();
  if (child == 0) _exit(AdminSocket::Listen(path_, {{geteuid()}}).value().release() == nullptr);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(std::filesystem::exists(path_)) << "left by a process that ended without closing it";
  {
    const auto admin = Start({geteuid()});
    EXPECT_FALSE(AdminSocket::Listen(path_, {{geteuid()}}).ok()) << "it is alive";
    EXPECT_EQ(Knock(path_), 'y');
  }
  close(open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  EXPECT_FALSE(AdminSocket::Listen(path_, {{geteuid()}}).ok());
}

// A call may be answered when its connection is gone, and its descriptor's number another user's.
TEST_F(AdminSocketTest, ADescriptorIsOneUsersForGood) {
  ASSERT_EQ(geteuid(), 0U) << "this test takes the part of another user: run it as root, as CI does";
  constexpr uid_t kOther = 65534;
  auto made = AdminSocket::Listen(path_, {{0}, {kOther}});
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(path_.parent_path().c_str(), 0755), 0);
  std::mutex mutex;
  std::set<int> of[2];
  (*made)->Accept([&](int fd) {
    const std::lock_guard lock(mutex);
    const auto peer = (*made)->PeerOf("fd:" + std::to_string(fd));
    of[peer && peer->uid == kOther ? 1 : 0].insert(fd);
    EXPECT_TRUE(peer && (peer->role == Role::kReader) == (peer->uid == kOther));
    Welcome(fd);
  });
  for (int round = 0; round < 8; ++round) {
    const pid_t child = fork();  // both, so that no descriptor of theirs stands between
    if (child == 0 && round % 2 == 1 && setresuid(kOther, kOther, kOther) != 0) _exit('x');
    if (child == 0) _exit(Knock(path_));
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 'y');
  }
  const std::lock_guard lock(mutex);
  EXPECT_FALSE(of[0].empty() || of[1].empty());
  for (const int fd : of[0]) EXPECT_FALSE(of[1].contains(fd)) << fd;
}

TEST_F(AdminSocketTest, KnowsWhoseConnectionItIs) {
  auto made = AdminSocket::Listen(path_, {{geteuid()}});
  ASSERT_TRUE(made.ok()) << made.status();
  std::promise<int> accepted;
  (*made)->Accept([&](int fd) { accepted.set_value(fd); });
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const int fd = accepted.get_future().get();
  const auto peer = (*made)->PeerOf("fd:" + std::to_string(fd));
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_FALSE((*made)->PeerOf("ipv4:127.0.0.1:1"));
  EXPECT_FALSE((*made)->PeerOf("fd:99999"));
  close(fd);
  close(client);
}

}  // namespace
}  // namespace labrec::recovery
