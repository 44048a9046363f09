#include "tools/admin/confirm.h"

#include <iostream>
#include <string>

#include <unistd.h>

#include "tools/cli/prompts.h"

namespace labrec::admin {

absl::Status Confirm(std::string_view what) {
  if (cli::prompts_forbidden || isatty(STDIN_FILENO) != 1) {
    return absl::FailedPreconditionError(std::string(what) +
                                         "\nnothing was changed: say --yes if you mean it");
  }
  std::cerr << what << "\nType \"yes\" to go on: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was changed");
}

}  // namespace labrec::admin
