#include <cstdlib>
#include <variant>

#include "recovery/api/tls13.h"
#include "tools/cli/program.h"
#include "tools/recover/arguments.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace {

using labrec::recover::Arguments;
using labrec::recover::Command;
using labrec::recover::Format;
using labrec::recover::Reporter;

int Run(const Arguments& arguments) {
  const auto reporter = [&](const char* command) {
    return Reporter(arguments.json ? Format::kJson : Format::kText, command);
  };
  switch (arguments.command) {
    case Command::kDeviceKey:
      return RunDeviceKey(arguments, reporter("device-key"));
    case Command::kEnroll:
      return RunEnroll(arguments, reporter("enroll"));
    case Command::kDevice:
      return RunDevice(arguments, reporter(arguments.device_id.empty() ? "device list" : "device revoke"));
    case Command::kSeal:
      return RunSeal(arguments, reporter("seal"));
    case Command::kRecover:
      return RunRecover(arguments, reporter("recover"));
    case Command::kChangePin:
      return RunChangePin(arguments, reporter("change-pin"));
    case Command::kHeal:
      return RunHeal(arguments, reporter("heal"));
    case Command::kStatus:
      return RunStatus(arguments, reporter("status"));
    case Command::kAttest:
      return RunAttest(arguments, reporter("attest"));
    case Command::kDelete:
      return RunDelete(arguments, reporter("delete"));
    case Command::kProbe:
      return RunProbe(arguments, reporter("probe"));
  }
  return labrec::recover::kExitUsage;
}

int Main(int argc, char** argv) {
  labrec::recovery::RequireTls13();
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // its complaints reach the user as statuses
  const std::variant<Arguments, int> parsed = labrec::recover::ParseArguments(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  return Run(std::get<Arguments>(parsed));
}

}  // namespace

int main(int argc, char** argv) {
  return labrec::cli::RunProgram({"labyrinth-recover"}, argc, argv, Main);
}
