#include <atomic>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_join.h"

#include "hsm/base/file.h"
#include "tests/integration/server/test.h"
#include "tests/support/loopback.h"
#include "tests/support/tpm_proxy.h"

// A start that will not serve writes nothing to the device, however often a service manager repeats it.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;

constexpr int kStarts = 3;

// A port of 127.0.0.1 that somebody listens on while this lives.
class TakenPort {
 public:
  explicit TakenPort(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = Loopback(port);
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
  }
  ~TakenPort() { close(fd_); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

 private:
  const int fd_;
};

// A file that holds something else, or is a folder, while this lives.
class Spoilt {
 public:
  enum class As { kGarbage, kFolder };
  Spoilt(fs::path path, As as) : path_(std::move(path)) {
    if (fs::exists(path_)) fs::rename(path_, Aside());
    if (as == As::kFolder) {
      fs::create_directory(path_);
    } else {
      EXPECT_TRUE(WriteFile(path_, AsBytes("garbage"), 0600, Overwrite::kReplace).ok());
    }
  }
  ~Spoilt() {
    fs::remove_all(path_);
    if (fs::exists(Aside())) fs::rename(Aside(), path_);
  }
  Spoilt(const Spoilt&) = delete;
  Spoilt& operator=(const Spoilt&) = delete;

 private:
  fs::path Aside() const { return path_.string() + ".aside"; }
  const fs::path path_;
};

class FailedStart : public ServerTest {
 protected:
  void SetUp() override {
    metrics_port_ = *FreePort();
    fs::create_directory(intermediates());
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.more_configuration =
        absl::StrCat("[metrics]\naddress = \"127.0.0.1:", metrics_port_,
                     "\"\n[attestation]\nintermediates = \"", intermediates().string(), "\"\n");
    auto made = RealmFixture::Make(GetParam(), std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    fs::copy_file(realm_->ca_certificate(), intermediates() / "issuer.pem");
    if (Swtpm* tpm = realm_->swtpm(); tpm != nullptr) {
      auto proxy = TpmProxy::Start(tpm->socket(), [this](const TpmProxy::Command& command) {
        if (Writes(command.code)) ++writes_;
        return TpmProxy::Fate::kForward;
      });
      ASSERT_TRUE(proxy.ok()) << proxy.status();
      proxy_ = *std::move(proxy);
      realm_->SetDeviceUri(absl::StrCat("tpm2:", proxy_->tcti()));
    }
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    epoch_ = Admin({"status"})["epoch"].get<uint64_t>();
    ASSERT_TRUE(realm_->StopDaemon().ok());
  }

  // NV_UndefineSpace, EvictControl, NV_DefineSpace, NV_Increment, NV_SetBits, NV_Extend, NV_Write: part
  // 2, 6.5.2.
  static bool Writes(uint32_t code) {
    static const std::set<uint32_t> kCodes = {0x122, 0x120, 0x12A, 0x134, 0x135, 0x136, 0x137};
    return kCodes.contains(code);
  }

  // Changes with whatever is written to the device. Keys and claims of a token have a file each.
  std::string Marks() const {
    if (realm_->softhsm() == nullptr) return std::to_string(writes_);
    std::set<std::string> names;
    for (const auto& file : fs::directory_iterator(realm_->softhsm()->TokenFolder()))
      names.insert(file.path().filename());
    return absl::StrJoin(names, " ");
  }

  void ExpectNoMark(const std::string& words) {
    SCOPED_TRACE(words);
    const std::string before = Marks();
    for (int start = 0; start < kStarts; ++start) {
      const absl::Status started = realm_->StartDaemon();
      EXPECT_FALSE(started.ok()) << "it serves";
      EXPECT_THAT(std::string(started.message()), testing::HasSubstr(words));
      realm_->daemon().Kill();
    }
    EXPECT_EQ(Marks(), before);
  }

  fs::path intermediates() const { return folder_.path() / "intermediates"; }

  TemporaryFolder folder_;
  int metrics_port_ = 0;
  std::atomic<int> writes_ = 0;
  std::unique_ptr<TpmProxy> proxy_;
  uint64_t epoch_ = 0;
};
LABREC_ON_EVERY_DEVICE(FailedStart);

TEST_P(FailedStart, DISABLED_WritesNothingToTheDevice) {
  const std::string address = realm_->address();
  {
    const TakenPort taken(std::stoi(address.substr(address.rfind(':') + 1)));
    ExpectNoMark("cannot listen on");
  }
  {
    const TakenPort taken(metrics_port_);
    ExpectNoMark("cannot listen on");
  }
  {
    const Spoilt jwks(realm_->jwks(), Spoilt::As::kGarbage);
    ExpectNoMark("chat.jwks");
  }
  {
    const Spoilt certificate(realm_->ca_certificate(), Spoilt::As::kGarbage);
    ExpectNoMark("tls.pem");
  }
  {
    const Spoilt intermediate(intermediates() / "issuer.pem", Spoilt::As::kGarbage);
    ExpectNoMark("issuer.pem");
  }
  {
    const Spoilt socket(realm_->admin_socket(), Spoilt::As::kFolder);
    ExpectNoMark("admin socket");
  }
  {
    const Spoilt audit(realm_->state() / "audit.log", Spoilt::As::kFolder);
    ExpectNoMark("audit.log");
  }
  const absl::Status started = realm_->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(Admin({"status"})["epoch"].get<uint64_t>(), epoch_ + 2) << "the two empty batches of one start";
}

// Storage is judged before the device is written.
TEST_P(FailedStart, DISABLED_NorDoesOneThatTheLedgerRefuses) {
  const fs::path ledger = realm_->state() / "ledger.sqlite";
  const fs::path old = folder_.path() / "old.sqlite";
  fs::copy_file(ledger, old);
  ASSERT_TRUE(realm_->StartDaemon().ok());
  ASSERT_TRUE(realm_->StopDaemon().ok());
  fs::copy_file(old, ledger, fs::copy_options::overwrite_existing);
  ExpectNoMark("rolled back");
}

}  // namespace
}  // namespace labrec::test
