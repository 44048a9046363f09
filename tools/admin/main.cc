#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include "hsm/base/secret_bytes.h"
#include "recovery/server/service/realm_description.h"
#include "tools/admin/commands.h"
#include "tools/admin/output.h"
#include "tools/cli/usage_error.h"

// labyrinth-admin: the operator's tool. labyrinth-admin(1), docs/operations.md.
namespace labrec::admin {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int Main(int argc, char** argv) {
  CLI::App app("labyrinth-admin: makes realms and looks after them. See labyrinth-admin(1).",
               "labyrinth-admin");
  app.require_subcommand(1);
  app.set_version_flag("--version", recovery::SoftwareVersion());
  Result result;
  AddRealmCommands(app, result);
  AddStatusCommand(app, result);
  AddDeviceCommands(app, result);
  AddRecordCommands(app, result);
  AddAnchorCommands(app, result);
  AddBackupCommands(app, result);
  AddAttestCommand(app, result);
  AddTokenCommands(app, result);
  AddPcrCommands(app, result);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExplainUsage(app, error) ? kDone : kUsage;
  }
  if (result.status.ok()) return kDone;
  Complain(result.status);
  return absl::IsInvalidArgument(result.status) ? kUsage : kFailed;
}

}  // namespace
}  // namespace labrec::admin

int main(int argc, char** argv) {
  labrec::ForbidCoreDumps();
  umask(077);
  return labrec::admin::Main(argc, argv);
}
