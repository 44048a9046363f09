#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_split.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/tls13.h"
#include "recovery/realm/owner.h"
#include "recovery/server/service/realm_description.h"
#include "tools/cli/command_line.h"
#include "tools/cli/program.h"
#include "tools/recoveryd/config.h"
#include "tools/recoveryd/daemon.h"
#include "tools/recoveryd/device_wait.h"
#include "tools/recoveryd/log.h"
#include "tools/recoveryd/notify.h"
#include "tools/recoveryd/preflight.h"
#include "tools/recoveryd/reload.h"
#include "tools/recoveryd/resources.h"
#include "tools/recoveryd/service_watch.h"
#include "tools/recoveryd/standby_daemon.h"

// labyrinth-recoveryd: one realm. labyrinth-recoveryd(8), docs/operations.md.
namespace labrec::recoveryd {
namespace {

// Exit codes. A service manager restarts after 1 and 4; the others need the operator first. With --standby a
// ledger that is refused is no end: the host comes back and follows, and says why it could not take over.
constexpr int kStopped = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kLedgerRefused = 3;
constexpr int kUncertain = 4;

constexpr std::chrono::milliseconds kWatchEvery{500};
constexpr unsigned kLooksPerMemoryReturn = 10;
constexpr unsigned kLooksPerMinute = 120;

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// How it was started: to serve, or to follow first.
enum class Role { kServer, kStandby };

// The ledger cannot tell what became of a batch, or somebody else uses the anchor: no line may be answered by
// this process any more, so nothing is unwound either.
[[noreturn]] void EndAtOnce(const absl::Status& reason, Role role) {
  const bool refused = absl::IsDataLoss(reason) && role == Role::kServer;
  spdlog::critical("stopping at once: {}", std::string(reason.message()));
  NotifyStatus("stopped: " + std::string(reason.message()));
  _exit(refused ? kLedgerRefused : kUncertain);
}

// Watches the realm until a signal ends it.
void RunUntilStopped(Daemon& daemon, Reload& configuration) {
  const sigset_t signals = Signals();
  const timespec timeout{0, std::chrono::nanoseconds(kWatchEvery).count()};
  ServiceWatch watch;
  for (unsigned look = 1;; ++look) {
    daemon.SetHealthy(watch.Look(daemon.status()));
    daemon.NoteWear();
    daemon.ProbeDevices();
    if (look % kLooksPerMinute == 0) daemon.LookAtCertificates();
    if (look % kLooksPerMemoryReturn == 0) daemon.GiveMemoryBack();
    NotifyAlive();
    const int signal = sigtimedwait(&signals, nullptr, &timeout);
    if (signal == SIGHUP) {
      daemon.Reread();
      configuration.Run();
    }
    if (signal != SIGTERM && signal != SIGINT) continue;
    spdlog::info("{}: answering what is under way, then stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    return;
  }
}

std::vector<std::string> Lines(const absl::Status& status) {
  return absl::StrSplit(status.message(), '\n');
}

// Everything that is wrong, for a person who has asked. Root looks as the user that the realm belongs to.
int CheckOnly(const Config& config, const std::string& file, Role role) {
  int code = kStopped;
  const absl::Status as_owner = recovery::WorkAsOwnerOf(config.state);
  const absl::Status standby = role == Role::kStandby ? CheckStandby(config) : absl::OkStatus();
  for (const absl::Status& looked : {as_owner, standby, CheckDevices(config), CheckTokenKeys(config),
                                     CheckFiles(config), CheckCertificates(config)}) {
    if (looked.ok()) continue;
    for (const std::string& line : Lines(looked)) {
      std::cerr << file << ": " << line << "\n";
    }
    code = kUsage;
  }
  if (code == kStopped) std::cerr << file << ": good\n";
  return code;
}

int NotStarted(const absl::Status& why, Role role) {
  if (absl::IsCancelled(why)) {
    spdlog::info("{}", std::string(why.message()));
    return kStopped;
  }
  for (const std::string& line : Lines(why)) {
    spdlog::critical("not started: {}", line);
  }
  NotifyStatus("not started: " + std::string(why.message()));
  return absl::IsDataLoss(why) && role == Role::kServer ? kLedgerRefused : kFailed;
}

// Follows the realm until this host takes it over. CANCELLED: a signal ended it.
absl::StatusOr<OpenedRealm> Follow(const Config& config, const Daemon::Pause& pause) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<StandbyDaemon> standby, StandbyDaemon::Start(config, pause));
  NotifyReady();
  const sigset_t signals = Signals();
  const timespec at_once{0, 0};
  ServiceWatch watch;
  while (true) {
    watch.Look(standby->status());
    NotifyAlive();
    if (std::optional<OpenedRealm> realm = standby->AwaitRealm(kWatchEvery)) return *std::move(realm);
    const int signal = sigtimedwait(&signals, nullptr, &at_once);
    if (signal == SIGHUP) standby->Reread();
    if (signal == SIGTERM || signal == SIGINT) return absl::CancelledError("a standby that was told to stop");
  }
}

// A standby waits for months. Tenants are as their files say when it begins to serve; files that cannot be
// used hold up no takeover.
Config WithTenantsOfNow(Config config) {
  absl::StatusOr<Config> now = ReadConfig(config.file);
  const absl::Status usable = now.ok() ? CheckTokenKeys(*now) : now.status();
  if (usable.ok()) {
    config.tenants = std::move(now->tenants);
  } else {
    spdlog::error("tenants are those of this standby's start: {}", std::string(usable.message()));
  }
  return config;
}

absl::StatusOr<std::unique_ptr<Daemon>> StartDaemon(const Config& config, Role role) {
  DeviceWait wait;
  const auto pause = [&wait](const absl::Status& why) { return wait.Pause(why); };
  const auto on_fatal = [role](const absl::Status& reason) { EndAtOnce(reason, role); };
  if (role == Role::kServer) return Daemon::Start(config, on_fatal, pause);
  LABREC_ASSIGN_OR_RETURN(OpenedRealm realm, Follow(config, pause));
  return Daemon::Start(WithTenantsOfNow(config), std::move(realm), on_fatal);
}

int Run(const Config& config, const std::filesystem::path& file, Role role) {
  Reload configuration(file);
  SkipDeadlockSearch();
  spdlog::info("labyrinth-recoveryd {} starts{}", recovery::SoftwareVersion(),
               role == Role::kStandby ? " as a standby" : "");
  RaiseFileLimit();
  auto daemon = StartDaemon(config, role);
  if (!daemon.ok()) return NotStarted(daemon.status(), role);
  NotifyReady();
  RunUntilStopped(**daemon, configuration);
  NotifyStopping();
  (*daemon)->Drain(config.drain);
  spdlog::info("stopped");
  return kStopped;
}

// What only a wrong configuration is the cause of.
absl::Status CheckUsage(const Config& config, Role role) {
  if (role == Role::kStandby) LABREC_RETURN_IF_ERROR(CheckStandby(config));
  LABREC_RETURN_IF_ERROR(CheckDevices(config));
  return CheckTokenKeys(config);
}

int Main(int argc, char** argv) {
  umask(077);
  recovery::RequireTls13();
  // Every thread inherits this: signals are taken by RunUntilStopped alone.
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  cli::CommandLine line("labyrinth-recoveryd: a recovery realm. See labyrinth-recoveryd(8).",
                        "labyrinth-recoveryd", recovery::SoftwareVersion());
  line.SetExamples(
      "Examples:\n"
      "  labyrinth-recoveryd --check-config --config /etc/labyrinth/recoveryd.toml\n"
      "  labyrinth-recoveryd --config /etc/labyrinth/recoveryd.toml\n");
  std::filesystem::path file;
  bool check_only = false;
  line.root().AddOption("--config", file, "configuration file (TOML)").Required().Word("FILE");
  line.root().AddFlag("--check-config", check_only,
                      "check the configuration and the files that it names, say what is wrong, and end");
  Role role = Role::kServer;
  line.root().AddFlag(
      "--standby", [&role] { role = Role::kStandby; },
      "follow a realm that another host serves, and take it over when told so ([standby])");
  const cli::CommandLine::Outcome outcome = line.Parse(argc, argv);
  if (outcome == cli::CommandLine::Outcome::kAskedFor) return kStopped;
  if (outcome == cli::CommandLine::Outcome::kNotUsable) return kUsage;
  const auto config = ReadConfig(file);
  if (!config.ok()) {
    std::cerr << std::string(config.status().message()) << "\n";
    return kUsage;
  }
  StartLog(config->log_level);
  if (check_only) return CheckOnly(*config, file.string(), role);
  if (const absl::Status usable = CheckUsage(*config, role); !usable.ok()) {
    std::cerr << file.string() << ": " << std::string(usable.message()) << "\n";
    return kUsage;
  }
  return Run(*config, file, role);
}

}  // namespace
}  // namespace labrec::recoveryd

int main(int argc, char** argv) {
  return labrec::cli::RunProgram({"labyrinth-recoveryd"}, argc, argv, labrec::recoveryd::Main);
}
