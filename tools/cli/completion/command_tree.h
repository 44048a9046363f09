#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

// A program's commands and options as its parser knows them, for whoever writes them down in another form.
// Values; no thread, no error.
namespace labrec::cli {

// What may stand where a value is wanted.
enum class Value { kNone, kText, kFile, kChoice };

struct OptionNode {
  std::vector<std::string> names;  // "--device-key"; empty: a place of its own in the line
  std::string what;
  Value value = Value::kNone;
  std::vector<std::string> choices;
};

struct CommandNode {
  std::string path;  // "realm init"; empty: the program
  std::string what;
  std::vector<OptionNode> options;  // those of the commands above too, where these are taken here
  std::vector<CommandNode> below;
  bool takes_files = false;  // a value without a name may be a file
};

CommandNode ReadCommands(const CLI::App& program);

// All of the tree: a command stands before those below it.
std::vector<const CommandNode*> AllCommands(const CommandNode& program);

// The last word of the path.
std::string NameOf(const CommandNode& command);

}  // namespace labrec::cli
