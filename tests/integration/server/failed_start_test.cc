#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_join.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/hash.h"
#include "tests/integration/server/test.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/tpm/tpm_proxy.h"

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

// A file, or a folder, that is something else or is not there, while this lives.
class Spoilt {
 public:
  enum class As { kGarbage, kFolder, kAnotherKey, kMissing };
  Spoilt(fs::path path, As as) : path_(std::move(path)) {
    if (fs::exists(path_)) fs::rename(path_, Aside());
    if (as == As::kFolder) fs::create_directory(path_);
    if (as == As::kGarbage) Write(AsBytes("garbage"));
    if (as == As::kAnotherKey) Write(EcdsaPrivateKey::Generate().ToPem().view());
  }
  ~Spoilt() {
    fs::remove_all(path_);
    if (fs::exists(Aside())) fs::rename(Aside(), path_);
  }
  Spoilt(const Spoilt&) = delete;
  Spoilt& operator=(const Spoilt&) = delete;

 private:
  void Write(ByteView content) const {
    EXPECT_TRUE(WriteFile(path_, content, 0600, Overwrite::kReplace).ok());
  }
  fs::path Aside() const { return path_.string() + ".aside"; }
  const fs::path path_;
};

class FailedStart : public ServerTest {
 protected:
  void SetUp() override {
    metrics_port_ = *FreePort();
    web_port_ = *FreePort();
    fs::create_directory(intermediates());
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.more_configuration = absl::StrCat(
        "[metrics]\naddress = \"127.0.0.1:", metrics_port_, "\"\n[web]\naddress = \"127.0.0.1:", web_port_,
        "\"\n[attestation]\nintermediates = \"", intermediates().string(), "\"\n");
    auto made = RealmFixture::Make(GetParam().kind, std::move(options));
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

  // But for what any start may change: the folder's lock, SQLite's index, and once the database is opened,
  // what an earlier run left in its log.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    if (!fs::exists(realm_->state())) return files;
    for (const auto& file : fs::directory_iterator(realm_->state())) {
      const std::string name = file.path().filename();
      if (!file.is_regular_file() || name.ends_with("lock") || name.ends_with("-shm")) continue;
      if (opens_database_ && name.starts_with("ledger.sqlite")) continue;
      const auto content = ReadFile(file.path(), 16U << 20);
      EXPECT_TRUE(content.ok()) << content.status();
      files[name] = Hex(Sha256(*content));
    }
    return files;
  }

  // What --check-config can see without a device.
  enum class Seen { kByCheckConfig, kByTheStartOnly };
  void ExpectNoMark(const std::string& words, Seen seen) {
    SCOPED_TRACE(words);
    const std::string before = Marks();
    const auto files = Files();
    for (int start = 0; start < kStarts; ++start) {
      fs::remove(realm_->log());
      const absl::Status started = realm_->StartDaemon();
      EXPECT_FALSE(started.ok()) << "it serves";
      EXPECT_THAT(std::string(started.message()), testing::HasSubstr(words));
      realm_->daemon().Kill();
    }
    EXPECT_EQ(Marks(), before) << "the device was written";
    EXPECT_EQ(Files(), files) << "the realm's folder was written";
    const FinishedCommand checked =
        RunCommand({LABREC_BIN_DIR "/labyrinth-recoveryd", "--check-config", "--config",
                    realm_->state().parent_path() / "recoveryd.toml"});
    EXPECT_EQ(checked.code, seen == Seen::kByCheckConfig ? 2 : 0) << checked.err;
    EXPECT_THAT(checked.err, testing::HasSubstr(seen == Seen::kByCheckConfig ? words : ": good\n"));
    EXPECT_EQ(Files(), files) << "--check-config has written";
  }
  void ExpectNoMarkWith(const fs::path& path, Spoilt::As as, const std::string& words) {
    const Spoilt spoilt(path, as);
    ExpectNoMark(words, Seen::kByCheckConfig);
  }

  fs::path intermediates() const { return folder_.path() / "intermediates"; }

  TemporaryFolder folder_;
  int metrics_port_ = 0;
  int web_port_ = 0;
  bool opens_database_ = false;  // a start comes so far
  std::atomic<int> writes_ = 0;
  std::unique_ptr<TpmProxy> proxy_;
  uint64_t epoch_ = 0;
};
LABREC_ON_EVERY_DEVICE(FailedStart);

TEST_P(FailedStart, WritesNothingWhereAFileIsWrong) {
  using As = Spoilt::As;
  const fs::path folder = realm_->state().parent_path(), state = realm_->state();
  ExpectNoMarkWith(realm_->jwks(), As::kGarbage, "chat.jwks");
  ExpectNoMarkWith(realm_->jwks(), As::kMissing, "chat.jwks");
  ExpectNoMarkWith(realm_->ca_certificate(), As::kGarbage, "tls.pem");
  ExpectNoMarkWith(realm_->ca_certificate(), As::kMissing, "tls.pem");
  ExpectNoMarkWith(folder / "tls.key", As::kAnotherKey, "is not the key of");
  ExpectNoMarkWith(folder / "tls.key", As::kMissing, "tls.key");
  ExpectNoMarkWith(intermediates() / "issuer.pem", As::kGarbage, "issuer.pem");
  ExpectNoMarkWith(realm_->admin_socket(), As::kFolder, "admin socket");
  ExpectNoMarkWith(state / "audit.log", As::kFolder, "audit.log");
  ExpectNoMarkWith(state / "realm.json", As::kMissing, "holds no realm");
  ExpectNoMarkWith(state / "realm.json", As::kGarbage, "realm.json");
  ExpectNoMarkWith(state / "device.auth", As::kMissing, "device.auth");
  ExpectNoMarkWith(state / "ledger.sqlite", As::kMissing, "ledger.sqlite");
  ExpectNoMarkWith(state / "ledger.sqlite", As::kFolder, "ledger.sqlite");
  ExpectNoMarkWith(state, As::kMissing, "there is no such folder");
}

TEST_P(FailedStart, WritesNothingWhereAnAddressIsTaken) {
  const std::string address = realm_->address();
  {
    const TakenPort taken(std::stoi(address.substr(address.rfind(':') + 1)));
    ExpectNoMark("cannot listen on", Seen::kByTheStartOnly);
  }
  {
    const TakenPort taken(metrics_port_);
    ExpectNoMark("[metrics] address: cannot listen on", Seen::kByTheStartOnly);
  }
  {
    const TakenPort taken(web_port_);
    ExpectNoMark("[web] address: cannot listen on", Seen::kByTheStartOnly);
  }
  const absl::Status started = realm_->StartDaemon();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(Admin({"status"})["epoch"].get<uint64_t>(), epoch_ + 2) << "the two empty batches of one start";
}

// Storage is judged before the device is written.
TEST_P(FailedStart, WritesNothingWhereTheLedgerIsRefused) {
  const fs::path ledger = realm_->state() / "ledger.sqlite";
  opens_database_ = true;
  const fs::path old = folder_.path() / "old.sqlite", current = folder_.path() / "current.sqlite";
  fs::copy_file(ledger, old);
  ASSERT_TRUE(realm_->StartDaemon().ok());
  ASSERT_TRUE(realm_->StopDaemon().ok());
  fs::copy_file(ledger, current);
  fs::copy_file(old, ledger, fs::copy_options::overwrite_existing);
  ExpectNoMark("rolled back", Seen::kByTheStartOnly);
  auto other = RealmFixture::Make(GetParam().kind);
  ASSERT_TRUE(other.ok()) << other.status();
  fs::copy_file((*other)->state() / "ledger.sqlite", ledger, fs::copy_options::overwrite_existing);
  ExpectNoMark("storage belongs to realm", Seen::kByTheStartOnly);
  ASSERT_TRUE(WriteFile(ledger, AsBytes("garbage, and longer than a page's header: not a database at all"),
                        0600, Overwrite::kReplace)
                  .ok());
  ExpectNoMark("not started", Seen::kByTheStartOnly);
  fs::copy_file(current, ledger, fs::copy_options::overwrite_existing);
  const absl::Status started = realm_->StartDaemon();
  EXPECT_TRUE(started.ok()) << started;
}

}  // namespace
}  // namespace labrec::test
