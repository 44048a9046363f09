#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "tools/cli/completion/completion.h"
#include "tools/cli/completion/words.h"

namespace labrec::cli {
namespace {

// "word:what it is", as _describe reads it.
std::string Described(const std::string& word, const std::string& what) {
  return Quoted(absl::StrCat(absl::StrReplaceAll(word, {{":", "\\:"}}), ":", what));
}

std::string ZshValues(const CommandNode& program) {
  std::string text;
  for (const CommandNode* const command : AllCommands(program)) {
    for (const OptionNode& option : command->options) {
      if (option.names.empty() || option.value == Value::kNone) continue;
      const std::string what = option.value == Value::kFile ? "_files"
                               : option.value == Value::kChoice
                                   ? "compadd -- " + absl::StrJoin(option.choices, " ")
                                   : "_message " + Quoted(option.what);
      absl::StrAppend(&text, "    ", OptionPattern(*command, option), ") ", what, "; return ;;\n");
    }
  }
  return text;
}

std::string ZshWords(const CommandNode& program) {
  std::string text;
  for (const CommandNode* const command : AllCommands(program)) {
    absl::StrAppend(&text, "    ", Quoted(command->path), ")\n");
    for (const CommandNode& below : command->below) {
      absl::StrAppend(&text, "      words_here+=(", Described(NameOf(below), below.what), ")\n");
    }
    for (const OptionNode& option : command->options) {
      for (const std::string& name : option.names) {
        absl::StrAppend(&text, "      options_here+=(", Described(name, option.what), ")\n");
      }
    }
    absl::StrAppend(&text, command->takes_files ? "      _files\n" : "", "      ;;\n");
  }
  return text;
}

}  // namespace

std::string ZshCompletion(const std::string& program, const CommandNode& commands) {
  return absl::StrCat("#compdef ", program, "\n# Written by ", program, " --print-completion zsh\n",
                      "local at='' i\n", "local -a words_here options_here\n",
                      "for ((i = 2; i < CURRENT; ++i)); do\n", "  case $at:${words[i]} in\n",
                      PathBranches(commands, "    "), "  esac\n", "done\n",
                      "case $at:${words[CURRENT-1]} in\n", ZshValues(commands), "esac\n", "case $at in\n",
                      ZshWords(commands), "esac\n", "(( ${#words_here} )) && _describe command words_here\n",
                      "_describe -o option options_here\n");
}

}  // namespace labrec::cli
