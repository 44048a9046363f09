#include "tests/fault/standby/two_hosts.h"

#include <thread>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/v1/admin.grpc.pb.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/file_locks.h"
#include "tests/support/process/other_process.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPollEvery{5};
constexpr std::chrono::milliseconds kAskEvery{50};
constexpr std::chrono::seconds kReadyWithin{20};
constexpr const char* kNames[] = {"n1", "n2"};
constexpr char kDurable[] = "synchronous_standby_names = 'ANY 1 (n1, n2)'\nwal_log_hints = on\n";
// pg_rewind copies all the log that is kept: hundreds of megabytes in as many seconds as a realm is away for.
constexpr char kLittleLog[] = "wal_keep_size = '24MB'\nmax_wal_size = '16MB'\nmin_wal_size = '2MB'\n";

// A channel of its own each time: one that failed waits for seconds before it tries again.
std::shared_ptr<grpc::Channel> NewChannel(const fs::path& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("unix:", socket.string()), grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TwoHosts>> TwoHosts::Make(const Options& options) {
  std::unique_ptr<TwoHosts> both(new TwoHosts());
  LABREC_RETURN_IF_ERROR(both->StartServers());
  RealmFixture::Options made;
  made.init_options = {"--store", PostgresServer::UrlOf({both->servers_[0].get(), both->servers_[1].get()})};
  LABREC_ASSIGN_OR_RETURN(both->realm_, RealmFixture::Make(SimulatorKind::kSoftHsm, made));
  for (int host = 0; host < 2; ++host) {
    both->hosts_[host].folder = both->folder_.path() / absl::StrCat("host", host);
    fs::create_directories(both->hosts_[host].folder);
    LABREC_RETURN_IF_ERROR(both->Configure(host, options));
  }
  LABREC_RETURN_IF_ERROR(both->CopyFolder());
  return both;
}

absl::Status TwoHosts::StartServers() {
  LABREC_ASSIGN_OR_RETURN(servers_[0], PostgresServer::Start(kLittleLog, PostgresServer::Segments::kSmall));
  LABREC_ASSIGN_OR_RETURN(servers_[1], PostgresServer::StandbyOf(*servers_[0], kNames[1]));
  LABREC_RETURN_IF_ERROR(servers_[0]->Configure(kDurable));
  return servers_[1]->Configure(kDurable);
}

// What an operator copies to the second host.
absl::Status TwoHosts::CopyFolder() {
  std::error_code error;
  fs::rename(realm_->state(), state(0), error);
  if (error) fs::copy(realm_->state(), state(0), fs::copy_options::recursive);
  fs::create_directories(state(1));
  fs::permissions(state(1), fs::perms::owner_all);
  for (const char* file : {"realm.json", "device.auth"}) fs::copy(state(0) / file, state(1) / file);
  return absl::OkStatus();
}

absl::Status TwoHosts::Configure(int host, const Options& options) {
  const fs::path& folder = hosts_[host].folder;
  const std::string url = PostgresServer::UrlOf({servers_[0].get(), servers_[1].get()});
  const std::string text = absl::StrCat(
      "[realm]\nstate = \"", state(host).string(), "\"\n[store]\nurl = \"", url,
      "\"\nreplicas = 1\nstandby_names = [\"n1\", \"n2\"]\n[standby]\nautomatic = ",
      options.automatic ? "true" : "false", "\nafter_seconds = ", options.after_seconds,
      "\n[listen]\naddress = \"unix:", (folder / "rpc").string(), "\"\n[admin]\nsocket = \"",
      (folder / "admin").string(), "\"\n[tenants.chat]\njwks = \"", realm_->jwks().string(),
      "\"\n[policy]\nfirst_device = \"open\"\ndelays_seconds = []\n[limits]\naccount_per_minute = 1000000\n",
      "account_burst = 1000000\ntenant_per_second = 1000000\n", options.more_configuration);
  return WriteFile(configuration(host), AsBytes(text), 0600, Overwrite::kReplace);
}

absl::Status TwoHosts::Start(int host, Role role) {
  ChildProcess::Options options;
  options.command = {absl::StrCat(LABREC_BIN_DIR, "/labyrinth-recoveryd"), "--config",
                     configuration(host).string()};
  if (role == Role::kStandby) options.command.emplace_back("--standby");
  options.environment = {{"SOFTHSM2_CONF", realm_->softhsm()->configuration().string()}};
  options.log = hosts_[host].folder / "log";
  LABREC_ASSIGN_OR_RETURN(hosts_[host].daemon, ChildProcess::Start(options));
  return absl::OkStatus();
}

void TwoHosts::Hang(int host) {
  const pid_t process = daemon(host).pid();
  for (Freeze(process); HoldsALockBelow(realm_->softhsm()->TokenFolder(), process); Freeze(process)) {
    Thaw(process);
    std::this_thread::yield();
  }
}

std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> TwoHosts::NewStub(int host) const {
  return labyrinth::recovery::v1::Recovery::NewStub(NewChannel(hosts_[host].folder / "rpc"));
}

bool TwoHosts::Listens(int host) const {
  const std::string path = hosts_[host].folder / "rpc";
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool listens = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return listens;
}

bool TwoHosts::Serves(int host) const {
  if (!Listens(host)) return false;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  labyrinth::recovery::v1::GetRealmResponse response;
  return NewStub(host)->GetRealm(&context, {}, &response).ok();
}

std::optional<int> TwoHosts::AwaitServing(std::chrono::milliseconds patience, std::optional<int> host) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    for (int each = 0; each < 2; ++each) {
      if (host.value_or(each) == each && hosts_[each].daemon != nullptr && Serves(each)) return each;
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return std::nullopt;
}

bool TwoHosts::AwaitReady(int host) const {
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  while (std::chrono::steady_clock::now() < deadline) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
    labyrinth::recovery::v1::GetStandbyResponse standby;
    const auto stub = labyrinth::recovery::v1::Admin::NewStub(NewChannel(hosts_[host].folder / "admin"));
    if (stub->GetStandby(&context, {}, &standby).ok() && !standby.serves() && standby.refusal().empty()) {
      return true;
    }
    std::this_thread::sleep_for(kAskEvery);
  }
  return false;
}

FinishedCommand TwoHosts::Admin(int host, std::vector<std::string> words) const {
  words.insert(words.begin(), absl::StrCat(LABREC_BIN_DIR, "/labyrinth-admin"));
  words.insert(words.end(), {"--socket", (hosts_[host].folder / "admin").string()});
  return RunCommand(words);
}

std::string TwoHosts::Log(int host) const {
  const auto content = ReadFile(hosts_[host].folder / "log", 64U << 20);
  return content.ok() ? ToString(*content) : std::string();
}

absl::Status TwoHosts::Failover() {
  primary().Kill();
  LABREC_RETURN_IF_ERROR(standby().Promote());
  primary_ = 1 - primary_;
  return absl::OkStatus();
}

absl::Status TwoHosts::RejoinOld(Rejoin how) {
  const std::string name = kNames[1 - primary_];
  return how == Rejoin::kRewound ? standby().Rejoin(primary(), name) : standby().RejoinAnew(primary(), name);
}

}  // namespace labrec::test
