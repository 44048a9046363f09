#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/mailbox/commands.h"

namespace labrec::mailbox {

// The command line of labyrinth-mailbox, and what it asks for. No secret is ever in it.
struct Arguments {
  SessionOptions session;
  std::string file;
  std::string new_home;
  std::vector<std::string> ids;
  std::string thread;
  std::string text;
  ReadOptions read;
  PinOptions pin;
  bool paper = false;
  std::function<absl::Status(Session&)> command;
};

// Nothing, or the exit code to end with when help was asked for or the arguments are not usable (a message
// has been written then). `arguments.command` refers to `arguments`.
std::optional<int> ParseArguments(int argc, char** argv, Arguments& arguments);

}  // namespace labrec::mailbox
