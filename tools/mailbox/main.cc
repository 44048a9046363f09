// labyrinth-mailbox: a command-line messenger's storage side, as an example of what recovery/labyrinth/ is
// for. labyrinth-mailbox(1), docs/labyrinth.md.

#include <cstdio>

#include "recovery/api/tls13.h"
#include "recovery/client/report/too_few_realms.h"
#include "recovery/labyrinth/base/reason.h"
#include "tools/cli/program.h"
#include "tools/cli/terminal_text.h"
#include "tools/mailbox/arguments.h"
#include "tools/mailbox/pin_outcome.h"

namespace labrec::mailbox {
namespace {

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  if (recovery::labyrinth::ReasonOf(status) == recovery::labyrinth::Reason::kLeftOut) return 2;
  if (absl::IsDataLoss(status)) return 3;
  if (recovery::labyrinth::ReasonOf(status) == recovery::labyrinth::Reason::kUnproven) return 5;
  if (IsNotRecovered(status)) return 4;
  return recovery::client::IsTooFewRealms(status) ? 5 : 1;
}

absl::Status Run(const Arguments& arguments) {
  auto session = Session::Open(arguments.session);
  if (!session.ok()) return session.status();
  return arguments.command(*session);
}

int Main(int argc, char** argv) {
  recovery::RequireTls13();
  Arguments arguments;
  if (const std::optional<int> code = ParseArguments(argc, argv, arguments)) return *code;
  const absl::Status status = Run(arguments);
  if (!status.ok())
    std::fprintf(stderr, "labyrinth-mailbox: %s\n", cli::OneLine(std::string(status.message())).c_str());
  return ExitCode(status);
}

}  // namespace
}  // namespace labrec::mailbox

int main(int argc, char** argv) {
  // 2 has another meaning here: this device was revoked.
  return labrec::cli::RunProgram({"labyrinth-mailbox", 1, 1}, argc, argv, labrec::mailbox::Main);
}
