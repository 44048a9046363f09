#include "recovery/server/transport/listener.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "recovery/server/admin/socket.h"
#include "recovery/server/transport/rpc_server.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPollEvery{2};

// A socket of somebody who calls.
class Client {
 public:
  Client() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool Connect(const fs::path& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  // Whether the other side closes the connection, which says that it took it.
  bool IsClosed() const {
    char byte = 0;
    return read(fd_, &byte, 1) == 0;
  }

 private:
  const int fd_;
};

class UnixListener : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Listener>> Listen() { return Listener::Listen("unix:" + path_.string()); }
  std::unique_ptr<Listener> Start() {
    auto made = Listen();
    EXPECT_TRUE(made.ok()) << made.status();
    if (!made.ok()) return nullptr;
    (*made)->Accept([](int, int fd) { close(fd); });
    return *std::move(made);
  }
  bool Answers() const {
    const Client client;
    return client.Connect(path_) && client.IsClosed();
  }

  test::TemporaryFolder folder_;
  const fs::path path_ = folder_.path() / "sock";
};

TEST_F(UnixListener, ALiveSocketIsLeftAlone) {
  const auto first = Start();
  const auto second = Listen();
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
  EXPECT_THAT(second.status().ToString(), HasSubstr("a process listens there"));
  EXPECT_TRUE(Answers()) << "the first one serves on";
}

TEST_F(UnixListener, AFileIsLeftAlone) {
  std::ofstream(path_) << "a history";
  EXPECT_TRUE(absl::IsFailedPrecondition(Listen().status())) << Listen().status();
  EXPECT_EQ(fs::file_size(path_), 9U);
  fs::rename(path_, folder_.path() / "file");
  fs::create_symlink("file", path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(Listen().status())) << Listen().status();
  EXPECT_TRUE(fs::is_symlink(path_));
}

TEST_F(UnixListener, AnotherUsersSocketIsLeftAlone) {
  ASSERT_EQ(geteuid(), 0U) << "this test gives a file away: run it as root, as CI does";
  Start().release();  // NOLINT: as one that was killed leaves it
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Listen().status())) << Listen().status();
}

// A descriptor that is closed, and a file that stays: as a killed process leaves it.
TEST_F(UnixListener, ADeadSocketIsReplaced) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto dead = SocketFile::Listen(fd, path_, 1);
  ASSERT_TRUE(dead.ok()) << dead.status();
  [[gnu::used]] static SocketFile* never_destroyed = nullptr;  // as in a process that is killed
  never_destroyed = new SocketFile(*std::move(dead));
  close(fd);
  const auto next = Start();
  EXPECT_TRUE(Answers());
}

TEST_F(UnixListener, ClosingRemovesNobodyElsesSocket) {
  auto first = Start();
  fs::remove(path_);
  const auto second = Start();
  first.reset();
  EXPECT_TRUE(Answers()) << "the second one's socket is gone";
}

TEST_F(UnixListener, OfManyThatStartAtOnceOneServes) {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<Listener>> listeners(8);
    std::vector<std::thread> threads;
    std::atomic<int> serving = 0;
    for (auto& mine : listeners) {
      threads.emplace_back([&] {
        auto made = Listen();
        if (!made.ok()) return;
        ++serving;
        mine = *std::move(made);
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(serving, 1);
  }
}

// gRPC's own way to listen takes a live process's socket away.
TEST_F(UnixListener, AServerWithoutABoundOnConnectionsLeavesALiveSocketAlone) {
  const auto first = Start();
  labyrinth::recovery::v1::Recovery::CallbackService service;
  ListenOptions options;
  options.address = "unix:" + path_.string();
  const auto second = RpcServer::Listen(options, {}, service);
  EXPECT_FALSE(second.ok());
  EXPECT_TRUE(Answers()) << "the first one serves on";
}

TEST_F(UnixListener, WhoMayConnect) {
  const auto listener = Start();
  ASSERT_TRUE(listener->Allow({0660}).ok());
  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0660U);
  fs::rename(path_, folder_.path() / "aside");
  std::ofstream(folder_.path() / "file") << "x";
  fs::create_symlink("file", path_);
  EXPECT_FALSE(listener->Allow({0666}).ok()) << "another file lies there";
  ASSERT_EQ(stat((folder_.path() / "file").c_str(), &found), 0);
  EXPECT_NE(found.st_mode & 0777U, 0666U);
}

std::set<std::string> Threads() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator("/proc/self/task")) names.insert(entry.path());
  return names;
}

// How often a thread went to sleep, by /proc/.../status, whose descriptor is opened beforehand.
class Sleeps {
 public:
  explicit Sleeps(const std::string& task) : fd_(open((task + "/status").c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Sleeps() { close(fd_); }
  Sleeps(const Sleeps&) = delete;
  Sleeps& operator=(const Sleeps&) = delete;

  int Count() const {
    char text[4096] = {};
    if (pread(fd_, text, sizeof text - 1, 0) <= 0) return -1;
    const char* const line = std::strstr(text, "\nvoluntary_ctxt_switches:");
    return line == nullptr ? -1 : std::atoi(line + std::strlen("\nvoluntary_ctxt_switches:"));
  }

 private:
  const int fd_;
};

// No new descriptor can be had while this is.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// `start` starts the one thread that accepts at `path`. Without a descriptor for who waits it sleeps between
// its tries, instead of asking as fast as it can.
template <typename Start>
void ExpectPauses(const fs::path& path, Start start) {
  std::thread([] {}).join();  // with a process's first one a sanitizer may start one of its own
  const std::set<std::string> before = Threads();
  const auto accepting = start();
  std::set<std::string> after = Threads();
  for (const std::string& old : before) after.erase(old);
  ASSERT_EQ(after.size(), 1U);
  const Sleeps sleeps(*after.begin());
  const Client client;
  {
    const NoDescriptors none;
    ASSERT_TRUE(client.Connect(path));
    const int woken = sleeps.Count() + 1;  // by who connects
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (sleeps.Count() < woken + 3 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kPollEvery);
    }
    EXPECT_GE(sleeps.Count(), woken + 3) << "it asks without a pause";
  }
  EXPECT_TRUE(client.IsClosed()) << "it is served once there are descriptors";
}

TEST_F(UnixListener, PausesWhileThereAreNoDescriptors) {
  ExpectPauses(path_, [this] { return Start(); });
}

TEST_F(UnixListener, TheAdminSocketPausesWhileThereAreNoDescriptors) {
  ExpectPauses(path_, [this] {
    auto made = AdminSocket::Listen(path_, {{geteuid()}});
    EXPECT_TRUE(made.ok()) << made.status();
    (*made)->Accept([](int fd) { close(fd); });
    return *std::move(made);
  });
}

}  // namespace
}  // namespace labrec::recovery
