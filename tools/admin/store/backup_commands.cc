#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/describe.h"
#include "tools/admin/store/backup_check.h"
#include "tools/admin/terminal_progress.h"

namespace labrec::admin {
namespace {

struct CreateOptions : SocketOptions {
  std::filesystem::path output;
};

struct VerifyBackupOptions : OfflineOptions {
  std::filesystem::path file;
  std::filesystem::path socket;
};

absl::Status Create(const CreateOptions& options) {
  v1::CreateBackupRequest request;
  request.set_path(std::filesystem::absolute(options.output).lexically_normal().string());
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).CreateBackup(request));
  const Json json = {{"file", request.path()}, {"bytes", answer.bytes()}, {"epoch_at_least", answer.epoch()}};
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status VerifyBackup(const VerifyBackupOptions& options) {
  LABREC_ASSIGN_OR_RETURN(OpenedFile file, OpenedFile::Open(options.file));
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm realm, FindRealm(options));
  const BackupQuestion question{std::move(file), realm, options.socket, ShowProgress("verifying")};
  LABREC_ASSIGN_OR_RETURN(const BackupReport report, CheckBackup(question));
  Json json = Describe(report.content);
  json["realm_epoch"] = report.realm_epoch;
  json["epochs_behind"] = report.EpochsBehind();
  json["evidence"] = report.evidence;
  json["restoring_means"] = report.Meaning();
  Print(options.format, json, Text(json));
  LABREC_RETURN_IF_ERROR(CheckIntact(report.content));
  return report.evidence_verdict;
}

}  // namespace

void AddBackupCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("backup", "Snapshots of the ledger");
  group.RequireCommand();
  cli::Command command;
  const auto create = AddCommand<CreateOptions>(
      group, "create", "Have a running daemon write a consistent snapshot: mode 0600, whole or not at all",
      result, command, Create);
  AddSocketOptions(command, *create);
  command.AddOption("--output", create->output, "new file, where the daemon's user may write")
      .Required()
      .Word("FILE");
  const auto verify = AddCommand<VerifyBackupOptions>(
      group, "verify", "Check a snapshot, and say what restoring it would mean", result, command,
      VerifyBackup);
  AddOfflineOptions(command, *verify);
  command.AddOption("--socket", verify->socket, "the running daemon's admin socket, if not in its folder")
      .Word("PATH");
  command.AddOption("FILE", verify->file, "the snapshot").Required();
}

}  // namespace labrec::admin
