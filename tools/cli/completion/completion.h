#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/cli/completion/command_tree.h"

namespace CLI {
class App;
}

// What a shell completes of a program's command line: a script for bash, zsh or fish, written from the
// parser's own tree, so that it knows what the program knows. The build writes it and the packages install
// it; whoever needs it elsewhere asks the program: "labyrinth-admin --print-completion bash".
namespace labrec::cli {

std::string BashCompletion(const std::string& program, const CommandNode& commands);
std::string ZshCompletion(const std::string& program, const CommandNode& commands);
std::string FishCompletion(const std::string& program, const CommandNode& commands);

// Lets help and the scripts themselves know of the option.
void AddCompletionOption(CLI::App& app);

// Prints the script if the line is "PROGRAM --print-completion SHELL" and nothing else. Whether it was; false
// too where the shell is none of these, which the parser then does not know.
bool PrintedCompletion(const CLI::App& app, int argc, char** argv);

}  // namespace labrec::cli
