#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/net/loopback.h"
#include "tests/support/net/test_certificate.h"
#include "tests/support/process/eventually.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/other_process.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/tpm/tpm_proxy.h"

// What an operator sees of a realm that nobody uses: a device that dies or hangs, a certificate that expires.
namespace labrec::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class WatchedRealm : public testing::TestWithParam<SimulatorKind> {
 protected:
  void Make(SimulatorKind kind, RealmFixture::Transport transport = RealmFixture::Transport::kUnixSocket) {
    const auto port = FreePort();
    ASSERT_TRUE(port.ok()) << port.status();
    port_ = *port;
    RealmFixture::Options options;
    options.transport = transport;
    options.more_configuration = absl::StrCat("[metrics]\naddress = \"127.0.0.1:", port_, "\"\n");
    auto made = RealmFixture::Make(kind, options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
  }
  void Start() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  // The value of one line of /metrics; -1000 if it is not there.
  double Metric(const std::string& name) const {
    const std::string text = HttpGet(port_, "/metrics");
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1000 : std::stod(text.substr(at + name.size() + 2));
  }
  template <typename Holds>
  bool Becomes(const std::string& name, Holds holds) const {
    return Eventually([&] { return holds(Metric(name)); }, std::chrono::seconds(60));
  }
  Json Status() const {
    const auto answer = realm_->Admin({"status"});
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  void ExpectLog(const std::string& text, int times = 1) const {
    const absl::Status found = realm_->WaitForLog(text, times);
    EXPECT_TRUE(found.ok()) << found;
  }

  int port_ = 0;
  std::unique_ptr<RealmFixture> realm_;
};
INSTANTIATE_TEST_SUITE_P(Devices, WatchedRealm,
                         testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(WatchedRealm, ADeadDeviceIsNoticedThoughNobodyCalls) {
  Make(GetParam());
  Start();
  realm_->BreakDevice();
  ExpectLog("device is away");
  EXPECT_TRUE(Becomes("labyrinth_serving", [](double value) { return value == 0; }));
  EXPECT_FALSE(Status()["serving"]);
  ExpectLog("not serving: ");
  ASSERT_TRUE(realm_->RepairDevice().ok());
  EXPECT_TRUE(Becomes("labyrinth_serving", [](double value) { return value == 1; }));
  ExpectLog("serving again");
}

// NV_UndefineSpace, EvictControl, NV_DefineSpace, NV_Increment, NV_SetBits, NV_Extend, NV_Write: part
// 2, 6.5.2.
bool Writes(uint32_t code) {
  static const std::set<uint32_t> kCodes = {0x122, 0x120, 0x12A, 0x134, 0x135, 0x136, 0x137};
  return kCodes.contains(code);
}

// What a TPM was sent.
class Commands {
 public:
  void Note(uint32_t code) {
    {
      const std::lock_guard lock(mutex_);
      ++all_;
      if (Writes(code)) ++writes_;
    }
    changed_.notify_all();
  }
  int all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  int writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  bool AwaitMoreThan(int seen) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return all_ > seen; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int all_ = 0;
  int writes_ = 0;
};

TEST_F(WatchedRealm, ProbingAnIdleDeviceWearsNothing) {
  Make(SimulatorKind::kSwtpm);
  Commands commands;
  auto proxy = TpmProxy::Start(realm_->swtpm()->socket(), [&](const TpmProxy::Command& command) {
    commands.Note(command.code);
    return TpmProxy::Fate::kForward;
  });
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  realm_->SetDeviceUri(absl::StrCat("tpm2:", (*proxy)->tcti()));
  Start();
  const Json before = Status();
  const int seen = commands.all(), written = commands.writes();
  EXPECT_TRUE(commands.AwaitMoreThan(seen)) << "nobody called, and nobody asked the TPM";
  EXPECT_EQ(Status()["epoch"], before["epoch"]);
  EXPECT_EQ(commands.writes(), written);
}

// A TPM that takes a command and does not answer until it is told to.
class HangingTpm {
 public:
  TpmProxy::Fate Judge() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !hangs_; });
    return TpmProxy::Fate::kForward;
  }
  void Hang(bool hangs) {
    {
      const std::lock_guard lock(mutex_);
      hangs_ = hangs;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
};

TEST_F(WatchedRealm, ADeviceThatHangsIsSaid) {
  Make(SimulatorKind::kSwtpm);
  HangingTpm hanging;
  auto proxy = TpmProxy::Start(realm_->swtpm()->socket(),
                               [&hanging](const TpmProxy::Command&) { return hanging.Judge(); });
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  realm_->SetDeviceUri(absl::StrCat("tpm2:", (*proxy)->tcti()));
  Start();
  EXPECT_EQ(Metric("labyrinth_device_oldest_call_seconds"), 0);
  hanging.Hang(true);  // the next probe finds it
  EXPECT_TRUE(Becomes("labyrinth_device_oldest_call_seconds", [](double value) { return value > 1; }));
  EXPECT_TRUE(Becomes("labyrinth_serving", [](double value) { return value == 0; }));
  EXPECT_GT(Status()["oldest_device_call_ms"], 10'000);
  ExpectLog("a security device does not answer");
  hanging.Hang(false);
  EXPECT_TRUE(Becomes("labyrinth_serving", [](double value) { return value == 1; }));
  ExpectLog("serving again");
}

TEST_F(WatchedRealm, CertificatesAreSaidToExpireAndToBeRenewed) {
  Make(SimulatorKind::kSwtpm, RealmFixture::Transport::kLoopbackTls);
  Start();
  ExpectLog("tls.pem: good until ");
  ExpectLog("tls.pem: expires within 7 days");  // it is good for two
  const std::string metric =
      absl::StrCat("labyrinth_certificate_remaining_seconds{file=\"", realm_->certificate().string(), "\"}");
  EXPECT_NEAR(Metric(metric), 2 * 86400, 8640);
  const Json shown = Status()["certificates"];
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0]["file"], realm_->certificate().string());

  const std::filesystem::path key = realm_->certificate().parent_path() / "tls.key";
  const auto put = [&](const TestCertificate& next) {
    const auto write = [](const std::filesystem::path& file, const std::string& text) {
      EXPECT_TRUE(WriteFile(file, AsBytes(text), 0600, Overwrite::kReplace).ok());
    };
    write(key, next.key_pem());
    write(realm_->certificate(), next.certificate_pem());
    EXPECT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0);
  };
  const TestCertificate expired(std::chrono::hours(-3)), good(std::chrono::hours(24 * 90));
  put(expired);
  ExpectLog("tls.pem: was renewed, good until ");
  ExpectLog("tls.pem: has expired on ");
  EXPECT_LT(Metric(metric), 0);
  const FinishedCommand checked =
      RunCommand({LABREC_BIN_DIR "/labyrinth-recoveryd", "--check-config", "--config",
                  realm_->certificate().parent_path() / "recoveryd.toml"});
  EXPECT_EQ(checked.code, 2);
  EXPECT_THAT(checked.err, HasSubstr("[listen] certificate: "));
  EXPECT_THAT(checked.err, HasSubstr("has expired on"));
  put(good);
  ExpectLog("tls.pem: was renewed, good until ", 2);
  EXPECT_NEAR(Metric(metric), 90 * 86400, 8640);
  // Half of a pair is not served, and said.
  ASSERT_TRUE(WriteFile(key, AsBytes(expired.key_pem()), 0600, Overwrite::kReplace).ok());
  ASSERT_EQ(kill(realm_->DaemonPid(), SIGHUP), 0);
  ExpectLog("is not the key of");
  EXPECT_NEAR(Metric(metric), 90 * 86400, 8640);
}

// The start writes nothing meanwhile, and goes on when the device is there.
TEST_F(WatchedRealm, AStartWaitsForItsDevice) {
  Make(SimulatorKind::kSwtpm);
  realm_->BreakDevice();
  absl::Status started;
  std::thread starts([&] { started = realm_->StartDaemon(); });
  ExpectLog("the start waits for it: device tpm2:");
  EXPECT_TRUE(realm_->RepairDevice().ok());
  starts.join();
  EXPECT_TRUE(started.ok()) << started;
  ASSERT_TRUE(realm_->StopDaemon().ok());

  realm_->BreakDevice();
  std::thread again([&] { started = realm_->StartDaemon(); });
  ExpectLog("the start waits for it: device tpm2:", 2);
  TerminateFromAside(realm_->DaemonPid());
  again.join();
  EXPECT_FALSE(started.ok());
  const auto code = realm_->StopDaemon();
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0) << realm_->Log();
}

}  // namespace
}  // namespace labrec::test
