#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "tools/cli/completion/completion.h"
#include "tools/cli/completion/words.h"

namespace labrec::cli {
namespace {

// What the word after an option is completed by.
std::string BashValues(const CommandNode& program) {
  std::string text;
  for (const CommandNode* const command : AllCommands(program)) {
    for (const OptionNode& option : command->options) {
      if (option.names.empty() || option.value == Value::kNone) continue;
      const std::string what = option.value == Value::kFile ? "files=yes"
                               : option.value == Value::kChoice
                                   ? "words=" + Quoted(absl::StrJoin(option.choices, " "))
                                   : "words=''";
      absl::StrAppend(&text, "    ", OptionPattern(*command, option), ") ", what, "; value=yes ;;\n");
    }
  }
  return text;
}

// What any other word is: a command, an option, or a file where one is taken.
std::string BashWords(const CommandNode& program) {
  std::string text;
  for (const CommandNode* const command : AllCommands(program)) {
    std::vector<std::string> words;
    for (const CommandNode& below : command->below) words.push_back(NameOf(below));
    for (const OptionNode& option : command->options) {
      words.insert(words.end(), option.names.begin(), option.names.end());
    }
    absl::StrAppend(&text, "      ", Quoted(command->path), ") words=", Quoted(absl::StrJoin(words, " ")),
                    command->takes_files ? "; files=yes" : "", " ;;\n");
  }
  return text;
}

}  // namespace

std::string BashCompletion(const std::string& program, const CommandNode& commands) {
  return absl::StrCat("# bash completion for ", program, "; written by it (--print-completion bash)\n",
                      FunctionName(program), "() {\n",
                      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='' words='' "
                      "files='' value='' i\n",
                      "  # Bash takes \"--option=value\" for three words.\n",
                      "  [ \"$cur\" != = ] || cur=''\n",
                      "  [ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD-2]}\n",
                      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n", "    case $at:${COMP_WORDS[i]} in\n",
                      PathBranches(commands, "      "), "    esac\n", "  done\n", "  case $at:$prev in\n",
                      BashValues(commands), "  esac\n", "  if [ -z \"$value\" ]; then\n", "    case $at in\n",
                      BashWords(commands), "    esac\n", "  fi\n",
                      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n",
                      "  if [ -n \"$files\" ]; then\n", "    compopt -o filenames 2>/dev/null\n",
                      "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n", "  fi\n",
                      "}\n", "complete -F ", FunctionName(program), " ", program, "\n");
}

}  // namespace labrec::cli
