#include "tools/cli/completion/completion.h"

#include <iostream>

#include <CLI/CLI.hpp>

namespace labrec::cli {

void AddCompletionOption(CLI::App& app) {
  app.add_option_function<std::string>(
         "--print-completion",
         [](const std::string&) {
           throw CLI::ValidationError("--print-completion", "takes bash, zsh or fish, and nothing beside it");
         },
         "Print what a shell completes this program's options by, and end; nothing else is given")
      ->option_text("bash|zsh|fish");
}

bool PrintedCompletion(const CLI::App& app, int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--print-completion") return false;
  using Script = std::string (*)(const std::string&, const CommandNode&);
  const std::string_view shell = argv[2];
  const Script script = shell == "bash"   ? BashCompletion
                        : shell == "zsh"  ? ZshCompletion
                        : shell == "fish" ? FishCompletion
                                          : nullptr;
  if (script == nullptr) return false;
  std::cout << script(app.get_name(), ReadCommands(app));
  return true;
}

}  // namespace labrec::cli
