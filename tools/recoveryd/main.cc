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

// labyrinth-recoveryd: one realm. labyrinth-recoveryd(8), docs/operations.md.
namespace labrec::recoveryd {
namespace {

// Exit codes. A service manager restarts after 1 and 4; the others need the operator first.
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

// The ledger cannot tell what became of a batch, or somebody else uses the anchor: no line may be answered by
// this process any more, so nothing is unwound either.
[[noreturn]] void EndAtOnce(const absl::Status& reason) {
  const bool somebody_else = absl::IsDataLoss(reason);
  spdlog::critical("stopping at once: {}", std::string(reason.message()));
  NotifyStatus("stopped: " + std::string(reason.message()));
  _exit(somebody_else ? kLedgerRefused : kUncertain);
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
int CheckOnly(const Config& config, const std::string& file) {
  int code = kStopped;
  const absl::Status as_owner = recovery::WorkAsOwnerOf(config.state);
  for (const absl::Status& looked : {as_owner, CheckDevices(config), CheckTokenKeys(config),
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

int Run(const Config& config, const std::filesystem::path& file) {
  Reload configuration(file);
  SkipDeadlockSearch();
  spdlog::info("labyrinth-recoveryd {} starts", recovery::SoftwareVersion());
  RaiseFileLimit();
  DeviceWait wait;
  auto daemon =
      Daemon::Start(config, EndAtOnce, [&wait](const absl::Status& why) { return wait.Pause(why); });
  if (absl::IsCancelled(daemon.status())) {
    spdlog::info("{}", std::string(daemon.status().message()));
    return kStopped;
  }
  if (!daemon.ok()) {
    for (const std::string& line : Lines(daemon.status())) {
      spdlog::critical("not started: {}", line);
    }
    NotifyStatus("not started: " + std::string(daemon.status().message()));
    return absl::IsDataLoss(daemon.status()) ? kLedgerRefused : kFailed;
  }
  NotifyReady();
  RunUntilStopped(**daemon, configuration);
  NotifyStopping();
  (*daemon)->Drain(config.drain);
  spdlog::info("stopped");
  return kStopped;
}

int Main(int argc, char** argv) {
  umask(077);
  recovery::RequireTls13();
  // Every thread inherits this: signals are taken by RunUntilStopped alone.
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  cli::CommandLine line("labyrinth-recoveryd: a recovery realm. See labyrinth-recoveryd(8).",
                        "labyrinth-recoveryd", recovery::SoftwareVersion());
  std::filesystem::path file;
  bool check_only = false;
  line.root().AddOption("--config", file, "configuration file (TOML)").Required().Word("FILE");
  line.root().AddFlag("--check-config", check_only,
                      "check the configuration and the files that it names, say what is wrong, and end");
  const cli::CommandLine::Outcome outcome = line.Parse(argc, argv);
  if (outcome == cli::CommandLine::Outcome::kAskedFor) return kStopped;
  if (outcome == cli::CommandLine::Outcome::kNotUsable) return kUsage;
  const auto config = ReadConfig(file);
  if (!config.ok()) {
    std::cerr << std::string(config.status().message()) << "\n";
    return kUsage;
  }
  StartLog(config->log_level);
  if (check_only) return CheckOnly(*config, file.string());
  for (const absl::Status& read : {CheckDevices(*config), CheckTokenKeys(*config)}) {
    if (read.ok()) continue;
    std::cerr << file.string() << ": " << std::string(read.message()) << "\n";
    return kUsage;
  }
  return Run(*config, file);
}

}  // namespace
}  // namespace labrec::recoveryd

int main(int argc, char** argv) {
  return labrec::cli::RunProgram({"labyrinth-recoveryd"}, argc, argv, labrec::recoveryd::Main);
}
