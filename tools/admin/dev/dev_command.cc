#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/server/tokens/issuer.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/dev/dev_realm.h"
#include "tools/admin/dev/simulators.h"
#include "tools/admin/dev/stopping.h"

// "labyrinth-admin dev": realms on simulators for somebody's tests, thrown away at its end.
namespace labrec::admin {
namespace {

namespace fs = std::filesystem;

constexpr int kInterrupted = 130;  // as the shell says of Ctrl-C

struct Options : DevOptions {
  Format format = Format::kText;
  std::string run;
};

struct DevWorldRunning {
  std::vector<Simulator> simulators;
  std::vector<DevRealm> realms;

  // Daemons first: a device that is away is worth a line in their logs.
  void Stop() {
    for (DevRealm& realm : realms) realm.daemon->Stop();
    for (Simulator& simulator : simulators) {
      if (simulator.process) simulator.process->Stop();
    }
  }
};

absl::Status CheckDevOptions(const Options& options) {
  LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--tenant", options.tenant));
  for (const std::string& account : options.accounts) {
    LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--account", account));
  }
  const auto one_of = [](const std::string& value, std::vector<std::string> known) {
    return std::ranges::find(known, value) != known.end();
  };
  if (!one_of(options.device, {"both", "swtpm", "softhsm2"})) {
    return absl::InvalidArgumentError("--device takes both, swtpm or softhsm2, not " + options.device);
  }
  if (!one_of(options.first_device, {"open", "token", "admin"})) {
    return absl::InvalidArgumentError("--first-device takes open, token or admin, not " +
                                      options.first_device);
  }
  for (const std::string& origin : options.origins) {
    if (origin.find_first_of("\"\\\n") == std::string::npos) continue;
    return absl::InvalidArgumentError("--web-origin takes an origin, as http://localhost:5173");
  }
  return absl::OkStatus();
}

// An empty folder: that of the options, or a new one for this process alone.
absl::StatusOr<fs::path> MakeFolder(const fs::path& wanted) {
  std::error_code error;
  if (!wanted.empty()) {
    fs::create_directories(wanted, error);
    if (error || !fs::is_empty(wanted, error) || error) {
      return absl::InvalidArgumentError("--folder " + wanted.string() + " has to be new, or empty");
    }
    return fs::canonical(wanted);
  }
  const char* const place = getenv("TMPDIR");
  std::string pattern = absl::StrCat(place != nullptr ? place : "/tmp", "/labyrinth-dev.XXXXXX");
  if (mkdtemp(pattern.data()) == nullptr) return absl::ErrnoToStatus(errno, "making " + pattern);
  return fs::canonical(pattern);
}

absl::StatusOr<EcdsaPrivateKey> MakeTenant(const DevWorld& world) {
  EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  LABREC_RETURN_IF_ERROR(WriteFile(world.File("tenant.key"), key.ToPem().view(), 0600, Overwrite::kRefuse));
  LABREC_RETURN_IF_ERROR(WriteNew(world.File("tenant.jwks"), recovery::TokenKeySet(key.public_key())));
  return key;
}

absl::StatusOr<DevWorldRunning> StartRealms(const DevWorld& world) {
  DevWorldRunning running;
  if (world.options().ek_certificates) LABREC_RETURN_IF_ERROR(MakeVendor(world));
  LABREC_RETURN_IF_ERROR(MakeCertificateAuthority(world));
  for (size_t i = 0; i < world.options().realms; ++i) {
    const fs::path folder = world.File(absl::StrCat("realm", i + 1));
    fs::create_directory(folder);
    LABREC_ASSIGN_OR_RETURN(Simulator simulator, DeviceKind(world.options(), i) == "swtpm"
                                                     ? StartSwtpm(world, folder)
                                                     : MakeSoftHsmToken(world, folder));
    running.simulators.push_back(std::move(simulator));
    LABREC_ASSIGN_OR_RETURN(DevRealm realm, StartRealm(world, i, running.simulators.back()));
    running.realms.push_back(std::move(realm));
  }
  return running;
}

absl::Status WriteRealmList(const DevWorld& world, const std::vector<DevRealm>& realms) {
  std::string list;
  for (const DevRealm& realm : realms) {
    const std::string port = realm.address.substr(realm.address.rfind(':'));
    absl::StrAppend(&list, "[[realm]]\nname = \"", realm.name, "\"\naddress = \"localhost", port,
                    "\"\nid = \"", realm.id, "\"\nca_certificate = \"", world.File("ca.pem").string(),
                    "\"\n\n");
  }
  return WriteNew(world.File("realms.toml"), list);
}

// A token for each realm, a line each: what clients take as --token-file.
absl::Status WriteTokens(const DevWorld& world, const EcdsaPrivateKey& key,
                         const std::vector<DevRealm>& realms) {
  const int64_t now_s = SystemClock().NowMillis() / 1000;
  for (const std::string& account : world.options().accounts) {
    std::string lines;
    for (const DevRealm& realm : realms) {
      lines += recovery::IssueToken(key, {world.options().tenant, account, realm.id, now_s,
                                          world.options().lifetime_s, std::nullopt}) +
               "\n";
    }
    LABREC_RETURN_IF_ERROR(WriteNew(world.File(account + ".tokens"), lines));
  }
  return absl::OkStatus();
}

Json DescribeRealm(const DevRealm& realm, const Simulator& simulator, const std::string& kind) {
  Json json = {{"name", realm.name},
               {"id", realm.id},
               {"address", realm.address},
               {"device", realm.device},
               {"device_kind", kind},
               {"pid", realm.daemon->pid()},
               {"device_pid", simulator.process ? Json(simulator.process->pid()) : Json(nullptr)},
               {"admin_socket", (realm.folder / "admin.sock").string()},
               {"configuration", (realm.folder / "recoveryd.toml").string()},
               {"log", (realm.folder / "recoveryd.log").string()},
               {"softhsm2_conf",
                kind == "softhsm2" ? Json(SoftHsmConfiguration(realm.folder).string()) : Json(nullptr)}};
  if (!realm.web.empty()) json["web"] = realm.web;
  return json;
}

Json DescribeAll(const DevWorld& world, const DevWorldRunning& running) {
  Json tokens = Json::object();
  for (const std::string& account : world.options().accounts)
    tokens[account] = world.File(account + ".tokens").string();
  Json realms = Json::array();
  for (size_t i = 0; i < running.realms.size(); ++i) {
    realms.push_back(DescribeRealm(running.realms[i], running.simulators[i], DeviceKind(world.options(), i)));
  }
  Json json = {{"pid", getpid()},
               {"folder", world.options().folder.string()},
               {"realm_list", world.File("realms.toml").string()},
               {"ca_certificate", world.File("ca.pem").string()},
               {"tenant", world.options().tenant},
               {"tenant_key", world.File("tenant.key").string()},
               {"tenant_jwks", world.File("tenant.jwks").string()},
               {"token_files", tokens},
               {"realms", realms}};
  if (world.options().ek_certificates) json["ek_roots"] = (world.File("vendor") / "roots").string();
  return json;
}

std::string Words(const DevWorld& world, const DevWorldRunning& running) {
  std::string text;
  for (const DevRealm& realm : running.realms) {
    absl::StrAppend(&text, "realm ", realm.name, ": ", realm.address, ", process ", realm.daemon->pid(),
                    ", id ", realm.id, "\n");
  }
  const std::string tokens = world.File(world.options().accounts.front() + ".tokens").string();
  return absl::StrCat(text, "all of it: ", world.File("dev.json").string(),
                      "\n\n  labyrinth-recover status --realms ", world.File("realms.toml").string(),
                      " --token-file ", tokens, "\n\nThis ends with Ctrl-C, and leaves nothing.\n");
}

// Says it when one of ours ends that was not told to. Until a signal or the parent's end.
absl::Status StayUntilStopped(const DevWorld& world, DevWorldRunning& running) {
  for (;;) {
    std::vector<int> ends;
    std::vector<std::pair<std::string, Child*>> whose;
    whose.reserve(running.realms.size() + running.simulators.size());
    for (DevRealm& realm : running.realms)
      whose.emplace_back("the daemon of realm " + realm.name, &*realm.daemon);
    for (size_t i = 0; i < running.simulators.size(); ++i) {
      auto& process = running.simulators[i].process;
      if (process) whose.emplace_back("the TPM of realm " + running.realms[i].name, &*process);
    }
    ends.reserve(whose.size());
    for (const auto& [name, child] : whose) ends.push_back(child->ended());
    const auto which = world.stopping().Await(ends, kForEver);
    if (absl::IsCancelled(which.status())) return absl::OkStatus();
    if (!which.ok()) return which.status();
    auto& [name, child] = whose[*which];
    const pid_t pid = child->pid();
    std::cerr << "labyrinth-admin: " << name << ", process " << pid << ", ended with " << child->End()
              << std::endl;
  }
}

// The command's environment is what a test needs of the JSON.
absl::StatusOr<int> RunCommand(const DevWorld& world, const std::string& command) {
  const std::vector<std::pair<const char*, fs::path>> variables = {
      {"LABYRINTH_DEV_JSON", world.File("dev.json")},
      {"LABYRINTH_DEV_REALMS", world.File("realms.toml")},
      {"LABYRINTH_DEV_TOKENS", world.File(world.options().accounts.front() + ".tokens")}};
  for (const auto& [name, value] : variables) setenv(name, value.c_str(), 1);
  LABREC_ASSIGN_OR_RETURN(Child child, Child::Start({.words = {"sh", "-c", command}}));
  const std::array<int, 1> ends = {child.ended()};
  LABREC_RETURN_IF_ERROR(world.stopping().Await(ends, kForEver).status());
  return child.End();
}

absl::Status Serve(const DevWorld& world, const Options& options, Result& result) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPrivateKey key, MakeTenant(world));
  LABREC_ASSIGN_OR_RETURN(DevWorldRunning running, StartRealms(world));
  const auto stop = absl::MakeCleanup([&running] { running.Stop(); });
  LABREC_RETURN_IF_ERROR(WriteRealmList(world, running.realms));
  LABREC_RETURN_IF_ERROR(WriteTokens(world, key, running.realms));
  const Json described = DescribeAll(world, running);
  LABREC_RETURN_IF_ERROR(WriteNew(world.File("dev.json"), described.dump() + "\n"));
  if (!options.run.empty()) {
    result.code = kInterrupted;
    LABREC_ASSIGN_OR_RETURN(result.code, RunCommand(world, options.run));
    return absl::OkStatus();
  }
  if (options.format == Format::kJson) {
    std::cout << described.dump() << std::endl;  // one line: "read" waits for it
  } else {
    Print(options.format, described, Words(world, running));
  }
  return StayUntilStopped(world, running);
}

absl::Status RunDev(Options options, Result& result) {
  if (options.accounts.empty()) options.accounts = {"alice"};
  LABREC_RETURN_IF_ERROR(CheckDevOptions(options));
  LABREC_ASSIGN_OR_RETURN(const Stopping stopping, Stopping::Watch());
  LABREC_ASSIGN_OR_RETURN(options.folder, MakeFolder(options.folder));
  const auto clean = absl::MakeCleanup([&options] {
    std::error_code ignored;
    fs::remove_all(options.folder, ignored);
  });
  const absl::Status served = Serve(DevWorld(options, stopping), options, result);
  return absl::IsCancelled(served) ? absl::OkStatus() : served;
}

}  // namespace

void AddDevCommand(const cli::Command& app, Result& result) {
  cli::Command command;
  const auto options = AddCommand<Options>(
      app, "dev", "Start realms on simulators for tests; they are thrown away when it ends", result, command,
      [&result](const Options& given) { return RunDev(given, result); });
  command.AddOption("--realms", options->realms, "how many (default 3)").Range(1, kMostDevRealms).Word("N");
  command.AddOption("--device", options->device, "what they run on (default both: the third on SoftHSM2)")
      .Word("both|swtpm|softhsm2");
  command.AddFlag("--ek-certificates", options->ek_certificates,
                  "TPMs have certificates of a vendor, for proofs (takes seconds)");
  command.AddOption("--folder", options->folder, "a new folder for it all, instead of one in TMPDIR")
      .Word("FOLDER");
  command.AddOption("--tenant", options->tenant, "the tokens' issuer (default dev)").Word("T");
  command.AddOption("--account", options->accounts, "accounts that have tokens (default alice)")
      .Repeatable()
      .Word("A");
  command
      .AddOption("--first-device", options->first_device,
                 "who enrols an account's first device (default open)")
      .Word("open|token|admin");
  command
      .AddOption("--web-origin", options->origins,
                 "origin of a page that may call; may be given more than once")
      .Repeatable()
      .Word("ORIGIN");
  command.AddOption("--run", options->run, "run this by the shell and end with it, and with its exit code")
      .Word("COMMAND");
}

}  // namespace labrec::admin
