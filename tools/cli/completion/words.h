#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "tools/cli/completion/command_tree.h"

// Words of shells, as the three scripts need them.
namespace labrec::cli {

// The program's name as part of a function's.
inline std::string FunctionName(const std::string& program) {
  return "_" + absl::StrReplaceAll(program, {{"-", "_"}});
}

// In single quotes, as bash and zsh read them.
inline std::string Quoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"'", "'\\''"}}) + "'";
}

// Branches of a "case" that finds out which command the words before the cursor name.
inline std::string PathBranches(const CommandNode& program, const std::string& indent) {
  std::string text;
  for (const CommandNode* const command : AllCommands(program)) {
    if (command->path.empty()) continue;
    const size_t last = command->path.rfind(' ');
    const std::string above = last == std::string::npos ? "" : command->path.substr(0, last);
    absl::StrAppend(&text, indent, Quoted(absl::StrCat(above, ":", NameOf(*command))),
                    ") at=", Quoted(command->path), " ;;\n");
  }
  return text;
}

// "at:--option" for each name of an option, joined by '|', each in quotes.
inline std::string OptionPattern(const CommandNode& command, const OptionNode& option) {
  std::vector<std::string> patterns;
  for (const std::string& name : option.names) patterns.push_back(Quoted(command.path + ":" + name));
  return absl::StrJoin(patterns, "|");
}

}  // namespace labrec::cli
