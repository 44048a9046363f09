#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/mailbox/commands.h"

namespace labrec::mailbox {

// The command line of labyrinth-mailbox, and what it asks for. No secret is ever in it.
struct Arguments {
  SessionOptions session;
  std::string file;
  std::string new_home;
  std::string id;
  std::string thread;
  std::string text;
  ReadOptions read;
  PinOptions pin;
  bool paper = false;
  std::function<absl::Status(Session&)> command;
};

// Lets `app` parse into `arguments`, which outlive it.
void AddArguments(CLI::App& app, Arguments& arguments);

}  // namespace labrec::mailbox
