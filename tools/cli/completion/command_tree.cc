#include "tools/cli/completion/command_tree.h"

#include <array>
#include <string_view>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace labrec::cli {
namespace {

// Words of our help that stand for a file. "TEXT" is what CLI11 calls a value that nothing is said of.
constexpr std::array<std::string_view, 6> kFileWords = {"FILE", "DIR", "FOLDER", "PATH", "SOCKET", "TEXT"};

Value ValueOf(const CLI::Option& option, std::vector<std::string>& choices) {
  if (option.get_items_expected_max() == 0) return Value::kNone;
  const std::string word =
      option.get_option_text().empty() ? option.get_type_name() : option.get_option_text();
  if (word.find('|') != std::string::npos && word.find(' ') == std::string::npos) {
    choices = absl::StrSplit(word, '|');
    return Value::kChoice;
  }
  for (const std::string_view file : kFileWords) {
    if (word.starts_with(file)) return Value::kFile;
  }
  return Value::kText;
}

void AddOptions(const CLI::App& app, CommandNode& node) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    OptionNode found;
    for (const std::string& name : option->get_snames()) found.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) found.names.push_back("--" + name);
    found.what = option->get_description();
    found.value = ValueOf(*option, found.choices);
    node.takes_files = node.takes_files || (found.names.empty() && found.value == Value::kFile);
    node.options.push_back(std::move(found));
  }
}

// Groups of options are commands without a name to CLI11.
void AddOptionsAndGroups(const CLI::App& app, CommandNode& node) {
  AddOptions(app, node);
  for (const CLI::App* const group : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (group->get_name().empty()) AddOptionsAndGroups(*group, node);
  }
}

CommandNode Read(const CLI::App& app, const std::string& path, const CommandNode* above) {
  CommandNode node;
  node.path = path;
  node.what = app.get_description();
  AddOptionsAndGroups(app, node);
  if (above != nullptr && app.get_fallthrough()) {
    for (const OptionNode& option : above->options) {
      if (option.names.empty() || option.names.back() == "--help" || option.names.back() == "--version")
        continue;
      node.options.push_back(option);
    }
  }
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string name = command->get_name();
    if (name.empty()) continue;
    node.below.push_back(Read(*command, path.empty() ? name : absl::StrCat(path, " ", name), &node));
  }
  return node;
}

void Collect(const CommandNode& node, std::vector<const CommandNode*>& all) {
  all.push_back(&node);
  for (const CommandNode& below : node.below) Collect(below, all);
}

}  // namespace

CommandNode ReadCommands(const CLI::App& program) {
  return Read(program, "", nullptr);
}

std::vector<const CommandNode*> AllCommands(const CommandNode& program) {
  std::vector<const CommandNode*> all;
  Collect(program, all);
  return all;
}

std::string NameOf(const CommandNode& command) {
  return command.path.substr(command.path.rfind(' ') + 1);
}

}  // namespace labrec::cli
