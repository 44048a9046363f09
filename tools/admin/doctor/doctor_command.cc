#include <string>

#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/verify.h"
#include "recovery/realm/folder.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/doctor/daemon_checks.h"
#include "tools/admin/doctor/findings.h"
#include "tools/admin/doctor/host_checks.h"
#include "tools/admin/offline_realm.h"
#include "tools/recoveryd/config.h"
#include "tools/recoveryd/preflight.h"

namespace labrec::admin {
namespace {

struct DoctorOptions : OfflineOptions {
  std::filesystem::path socket;
};

// Nobody has the device: what a start would find.
absl::Status CheckLedger(const OfflineRealm& realm, Findings& findings) {
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm opened, OpenOffline(realm));
  hsm::FreshnessAnchor* const anchor = opened.anchor_device().freshness_anchor();
  if (anchor == nullptr) return absl::FailedPreconditionError("the realm's device has no freshness anchor");
  LABREC_ASSIGN_OR_RETURN(const recovery::StartUpReport report,
                          recovery::CheckStartUp(*opened.store, *anchor, opened.manifest.realm_id));
  JudgeSize(report.head.records, opened.manifest.bucket_exponent, findings);
  return report.verdict;
}

void CheckConfiguration(const recoveryd::Config& config, Findings& findings) {
  findings.Note(Severity::kWrong, "devices", recoveryd::CheckDevices(config),
                "their addresses are well-formed");
  findings.Note(Severity::kWrong, "token keys", recoveryd::CheckTokenKeys(config),
                "every tenant has a usable one");
  findings.Note(Severity::kWrong, "files", recoveryd::CheckFiles(config),
                "all that the configuration names are there");
  findings.Note(Severity::kWrong, "certificates", recoveryd::CheckCertificates(config), "none has expired");
}

// Whether it runs, and so has the device and the ledger.
bool CheckDaemon(const DoctorOptions& options, const OfflineRealm& realm, Findings& findings) {
  const auto lock = recovery::RealmLock::Take(recovery::RealmFolder(realm.state));
  if (!absl::IsFailedPrecondition(lock.status())) {
    findings.Add(Severity::kWrong, "daemon", "does not run",
                 "systemctl start labyrinth-recoveryd; systemctl status says why not");
    return false;
  }
  const auto status = AdminClient(options.socket.empty() ? realm.admin_socket : options.socket).GetStatus();
  if (status.ok()) {
    JudgeStatus(*status, SystemClock().NowMillis(), findings);
    const auto manifest = recovery::RealmFolder(realm.state).ReadManifest();
    if (manifest.ok()) JudgeSize(status->records(), manifest->bucket_exponent, findings);
  } else {
    findings.Add(Severity::kWrong, "daemon", std::string(status.status().message()),
                 "if its socket is elsewhere, name it with --socket or --config");
  }
  return true;
}

absl::Status Doctor(const DoctorOptions& options, int& code) {
  Findings findings;
  if (!options.config.empty()) {
    LABREC_ASSIGN_OR_RETURN(const recoveryd::Config config, recoveryd::ReadConfig(options.config));
    LABREC_RETURN_IF_ERROR(FindRealm(options).status());  // root looks as the owner from here on
    CheckConfiguration(config, findings);
  }
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm realm, FindRealm(options));
  CheckFolder(realm, findings);
  CheckDisk(realm, findings);
  CheckAudit(realm, findings);
  CheckClock(findings);
  CheckKernel(findings);
  if (!CheckDaemon(options, realm, findings)) {
    findings.Note(Severity::kWrong, "ledger", CheckLedger(realm, findings),
                  "is what the device says: a start would serve");
  }
  Print(options.format, findings.AsJson(), findings.AsText());
  code = static_cast<int>(findings.worst());
  return absl::OkStatus();
}

}  // namespace

void AddDoctorCommand(const cli::Command& app, Result& result) {
  cli::Command command;
  const auto options = AddCommand<DoctorOptions>(
      app, "doctor", "Look at all of a realm and say what is wrong, what will be, and what to do", result,
      command, [&result](const DoctorOptions& given) { return Doctor(given, result.code); });
  AddOfflineOptions(command, *options, "which realm; its daemon may run");
  command.AddOption("--socket", options->socket, "the daemon's admin socket, if it is not in the folder")
      .Word("PATH");
}

}  // namespace labrec::admin
