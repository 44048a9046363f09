#include <sys/stat.h>

#include "recovery/server/service/realm_description.h"
#include "tools/admin/commands.h"
#include "tools/admin/output.h"
#include "tools/cli/command_line.h"
#include "tools/cli/program.h"

// labyrinth-admin: the operator's tool. labyrinth-admin(1), docs/operations.md.
namespace labrec::admin {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr char kExamples[] =
    "Examples:\n"
    "  labyrinth-admin realm init --device tpm2:device:/dev/tpmrm0 --state /var/lib/labyrinth/realm --name "
    "oslo\n"
    "  labyrinth-admin status --state /var/lib/labyrinth/realm\n"
    "  labyrinth-admin doctor --config /etc/labyrinth/recoveryd.toml\n"
    "  labyrinth-admin device enroll --tenant chat --account alice --public-key phone.pub \\\n"
    "    --state /var/lib/labyrinth/realm\n";

int Main(int argc, char** argv) {
  umask(077);
  cli::CommandLine line("labyrinth-admin: makes realms and looks after them. See labyrinth-admin(1).",
                        "labyrinth-admin", recovery::SoftwareVersion());
  line.SetExamples(kExamples);
  const cli::Command app = line.root();
  app.RequireCommand();
  Result result;
  AddRealmCommands(app, result);
  AddStatusCommand(app, result);
  AddDeviceCommands(app, result);
  AddRecordCommands(app, result);
  AddAccountCommands(app, result);
  AddAnchorCommands(app, result);
  AddBackupCommands(app, result);
  AddStandbyCommands(app, result);
  AddStoreCommands(app, result);
  AddAttestCommand(app, result);
  AddTokenCommands(app, result);
  AddTenantCommands(app, result);
  AddPcrCommands(app, result);
  AddAuditCommands(app, result);
  AddDoctorCommand(app, result);
  AddDevCommand(app, result);
  const cli::CommandLine::Outcome outcome = line.Parse(argc, argv);
  if (outcome != cli::CommandLine::Outcome::kRun) {
    return outcome == cli::CommandLine::Outcome::kAskedFor ? kDone : kUsage;
  }
  if (result.status.ok()) return result.code;
  Complain(result.status);
  return absl::IsInvalidArgument(result.status) ? kUsage : kFailed;
}

}  // namespace
}  // namespace labrec::admin

int main(int argc, char** argv) {
  return labrec::cli::RunProgram({"labyrinth-admin"}, argc, argv, labrec::admin::Main);
}
