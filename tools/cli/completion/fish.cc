#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "tools/cli/completion/completion.h"
#include "tools/cli/completion/words.h"

namespace labrec::cli {
namespace {

std::string FishQuoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

// The function that prints which command the words before the cursor name.
std::string PathFunction(const std::string& name, const CommandNode& program) {
  std::string text =
      absl::StrCat("function ", name, "\n    set -l at ''\n", "    for word in (commandline -opc)[2..-1]\n",
                   "        switch \"$at:$word\"\n");
  for (const CommandNode* const command : AllCommands(program)) {
    if (command->path.empty()) continue;
    const size_t last = command->path.rfind(' ');
    const std::string above = last == std::string::npos ? "" : command->path.substr(0, last);
    absl::StrAppend(&text, "            case ", FishQuoted(above + ":" + NameOf(*command)),
                    "\n                set at ", FishQuoted(command->path), "\n");
  }
  return text + "        end\n    end\n    test \"$at\" = \"$argv[1]\"\nend\n";
}

std::string NameArguments(const OptionNode& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return text;
}

}  // namespace

std::string FishCompletion(const std::string& program, const CommandNode& commands) {
  const std::string function = "_" + FunctionName(program) + "_at";
  std::string text =
      absl::StrCat("# fish completion for ", program, "; written by it (--print-completion fish)\n",
                   PathFunction(function, commands), "complete -c ", program, " -f\n");
  for (const CommandNode* const command : AllCommands(commands)) {
    const std::string here =
        absl::StrCat("complete -c ", program, " -n ", FishQuoted(function + " '" + command->path + "'"));
    for (const CommandNode& below : command->below) {
      absl::StrAppend(&text, here, " -a ", NameOf(below), " -d ", FishQuoted(below.what), "\n");
    }
    for (const OptionNode& option : command->options) {
      if (option.names.empty()) continue;
      const std::string value = option.value == Value::kNone   ? ""
                                : option.value == Value::kFile ? " -r -F"
                                : option.value == Value::kChoice
                                    ? " -x -a " + FishQuoted(absl::StrJoin(option.choices, " "))
                                    : " -x";
      absl::StrAppend(&text, here, NameArguments(option), value, " -d ", FishQuoted(option.what), "\n");
    }
    if (command->takes_files) absl::StrAppend(&text, here, " -F\n");
  }
  return text;
}

}  // namespace labrec::cli
