#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/server/test.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/child_process.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;

using ServerLifecycle = ServerTest;
LABREC_ON_EVERY_DEVICE_AND_WAY(ServerLifecycle);

// nice(1) of each of a process's threads, by the thread's name (proc(5), /proc/PID/stat).
std::multimap<std::string, int> PrioritiesOfThreads(pid_t process) {
  std::multimap<std::string, int> priorities;
  for (const auto& task : std::filesystem::directory_iterator(absl::StrCat("/proc/", process, "/task"))) {
    std::ifstream file(task.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;  // it has ended
    const size_t open = line.find('(');
    const size_t close = line.rfind(')');
    const std::vector<std::string> rest = absl::StrSplit(line.substr(close + 2), ' ');
    priorities.emplace(line.substr(open + 1, close - open - 1), std::stoi(rest.at(16)));
  }
  return priorities;
}

TEST_P(ServerLifecycle, ThreadsThatReadRequestsGiveWay) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  const int own = getpriority(PRIO_PROCESS, 0);  // the daemon began with it
  const auto priorities = PrioritiesOfThreads(realm_->daemon().pid());
  const std::string kOfGrpc = "nexting_thread";
  EXPECT_GE(priorities.count(kOfGrpc), 1U);
  int as_before = 0;
  for (const auto& [name, priority] : priorities) {
    if (name == kOfGrpc) {
      EXPECT_EQ(priority, std::min(own + 5, 19));
    }
    as_before += priority == own ? 1 : 0;
  }
  EXPECT_GE(as_before, 2) << "the device's thread and the commit thread";
}

// Whatever was answered was counted, and whatever was counted was answered.
TEST_P(ServerLifecycle, SigtermAnswersWhatIsUnderWay) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  constexpr uint32_t kThreads = 8;
  std::vector<std::unique_ptr<ApiClient>> clients;
  for (uint32_t i = 0; i < kThreads; ++i) {
    clients.push_back(std::make_unique<ApiClient>(*realm_, absl::StrCat("user", i)));
    clients.back()->guess_limit = 20;
    clients.back()->patience = std::chrono::seconds(5);
    ASSERT_TRUE(clients.back()->SetUp().ok());
  }
  std::atomic<uint32_t> answered = 0;
  std::vector<uint32_t> counted(kThreads);
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      v1::EvaluateResponse response;
      for (uint32_t n = 1; n <= 18 && clients[i]->Evaluate(n, &response).ok(); ++n) {
        ++counted[i];
        ++answered;
      }
    });
  }
  while (answered < 2 * kThreads) std::this_thread::yield();
  const auto code = realm_->StopDaemon();
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0);
  EXPECT_THAT(realm_->Log(), testing::HasSubstr("stopped"));

  ASSERT_TRUE(realm_->StartDaemon().ok());
  for (uint32_t i = 0; i < kThreads; ++i) {
    EXPECT_EQ(ShowRecord(absl::StrCat("user", i))["remaining"], 20 - counted[i]) << i;
  }
}

TEST_P(ServerLifecycle, SigkillLosesNoGuess) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(alice.SetUp().ok());
  v1::EvaluateResponse first, again;
  ASSERT_TRUE(alice.Evaluate(1, &first).ok());
  realm_->daemon().Kill();
  ASSERT_TRUE(realm_->StartDaemon().ok());
  EXPECT_EQ(ShowRecord("alice")["remaining"], 9);
  ASSERT_TRUE(alice.Evaluate(1, &again).ok());
  EXPECT_EQ(again.evaluated().remaining(), 9U) << "the same element, counted once";
  EXPECT_EQ(again.evaluated().evaluated(0), first.evaluated().evaluated(0));
}

TEST_P(ServerLifecycle, ASecondDaemonOnTheSameFolderIsRefused) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  const std::filesystem::path config = realm_->state().parent_path() / "recoveryd.toml";
  const std::filesystem::path log = realm_->state() / "second.log";
  auto second = ChildProcess::Start(
      {{absl::StrCat(LABREC_BIN_DIR, "/labyrinth-recoveryd"), "--config", config.string()}, {}, log});
  ASSERT_TRUE(second.ok()) << second.status();
  const auto code = (*second)->Wait(std::chrono::seconds(20));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 1);
  EXPECT_THAT(ToString(*ReadFile(log)), testing::HasSubstr("another process works on this realm"));
  Admin({"status"});
}

TEST_P(ServerLifecycle, NewTokenKeysAreTakenWithoutARestart) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  ApiClient alice(*realm_, "alice");
  v1::GetRecordResponse record;
  ASSERT_TRUE(alice.GetRecord(&record).ok());
  const EcdsaPrivateKey fresh = EcdsaPrivateKey::Generate();
  const std::string keys = recovery::TokenKeySet(fresh.public_key());
  ASSERT_TRUE(WriteFile(realm_->jwks(), AsBytes(keys), 0644, Overwrite::kReplace).ok());
  EXPECT_REFUSED(alice.GetRecord(&record), UNAUTHENTICATED, "\"kid\"");
  kill(realm_->daemon().pid(), SIGHUP);
  EXPECT_TRUE(realm_->WaitForLog("token keys: read 1 keys").ok());
  Admin({"status"});
}

// The service manager hears of the start's end and of the stop.
TEST_P(ServerLifecycle, NotifiesTheServiceManager) {
  MakeRealm();
  ASSERT_NE(realm_, nullptr);
  const std::string path = realm_->state() / "notify";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_TRUE(realm_->StartDaemon({{"NOTIFY_SOCKET", path}}).ok());
  const auto code = realm_->StopDaemon();
  ASSERT_TRUE(code.ok()) << code.status();
  std::string heard;
  char message[4096];
  for (ssize_t size = 0; (size = recv(fd, message, sizeof message, MSG_DONTWAIT)) > 0;) {
    heard.append(message, static_cast<size_t>(size)).append("\n");
  }
  close(fd);
  EXPECT_THAT(heard, testing::HasSubstr("READY=1"));
  EXPECT_THAT(heard, testing::HasSubstr("STATUS=serving"));
  EXPECT_THAT(heard, testing::HasSubstr("STOPPING=1"));
  EXPECT_LT(heard.find("READY=1"), heard.find("STOPPING=1"));
}

// Whoever has a token can ask as often as the rates allow: what changed nothing leaves no line.
TEST_P(ServerLifecycle, AskingTwiceLeavesNoLineInTheAuditLog) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  ApiClient alice(*realm_, "alice");
  alice.guess_limit = 1;
  ASSERT_TRUE(alice.SetUp().ok());
  const fs::path audit = realm_->state() / "audit.log";
  const auto size = fs::file_size(audit);
  ASSERT_GT(size, 0U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(alice.Enroll().ok());
    EXPECT_TRUE(alice.Activate().ok());
  }
  EXPECT_EQ(fs::file_size(audit), size);
  v1::EvaluateResponse response;
  for (uint32_t n = 1; n <= 2; ++n) ASSERT_TRUE(alice.Evaluate(n, &response).ok());
  ASSERT_TRUE(response.has_destroyed());
  const auto destroyed = fs::file_size(audit);
  EXPECT_GT(destroyed, size);
  for (uint32_t n = 3; n <= 8; ++n) ASSERT_TRUE(alice.Evaluate(n, &response).ok());
  EXPECT_EQ(fs::file_size(audit), destroyed);
}

TEST_P(ServerLifecycle, TheAuditLogHoldsNoSecretAndSaysWhenARecordDied) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  ApiClient alice(*realm_, "alice");
  alice.guess_limit = 2;
  ASSERT_TRUE(alice.SetUp().ok());
  v1::EvaluateResponse response;
  for (uint32_t n = 1; n <= 4; ++n) ASSERT_TRUE(alice.Evaluate(n, &response).ok());
  EXPECT_TRUE(response.has_destroyed());
  EXPECT_EQ(ShowRecord("alice")["state"], "destroyed");
  const std::string audit = ToString(*ReadFile(realm_->state() / "audit.log"));
  EXPECT_THAT(audit, testing::HasSubstr("\"record_destroyed\""));
  EXPECT_EQ(audit.find("record_destroyed"), audit.rfind("record_destroyed")) << "once";
  const std::string token = alice.authorization->substr(7);
  for (const std::string& text : {audit, realm_->Log()}) {
    EXPECT_EQ(text.find(token), std::string::npos);
    EXPECT_EQ(text.find(token.substr(token.rfind('.') + 1)), std::string::npos);
  }
}

// As the daemon is when its operator says nothing of it. A thief with a token has to wait, and the owner has
// hours to be told.
TEST_P(ServerLifecycle, AStolenTokenDestroysNoRecordInAMoment) {
  RealmFixture::Options options;
  options.policy = "";
  StartRealm(options);
  ASSERT_NE(realm_, nullptr);
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(alice.SetUp().ok());
  v1::EvaluateResponse response;
  for (uint32_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(alice.Evaluate(n, &response).ok());
    EXPECT_TRUE(response.has_evaluated()) << n;
  }
  const int64_t before = SystemClock().NowMillis();
  ASSERT_TRUE(alice.Evaluate(5, &response).ok());
  ASSERT_TRUE(response.has_locked_until()) << response.DebugString();
  EXPECT_LE(response.locked_until().until_ms(), before + 60'000);
  EXPECT_GT(response.locked_until().until_ms(), before);
  EXPECT_EQ(ShowRecord("alice")["remaining"], 6) << "waiting is not counted";

  v1::GetRealmResponse realm;
  ASSERT_TRUE(alice.Call(&v1::Recovery::Stub::GetRealm, v1::GetRealmRequest(), &realm).ok());
  EXPECT_THAT(realm.guess_delays_s(), testing::ElementsAre(0, 0, 0, 60, 900, 10800));
}

}  // namespace
}  // namespace labrec::test
