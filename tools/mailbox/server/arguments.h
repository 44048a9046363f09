#pragma once

#include <string>
#include <variant>

#include "recovery/server/tokens/verifier.h"

namespace labrec::mailbox {

// The command line of labyrinth-mailboxd.
struct ServerArguments {
  std::string database;
  std::string listen;
  std::string certificate;
  std::string key;
  recovery::Tenant tokens;  // name empty: none are asked for
  std::string audience;
};

// The arguments, or the exit code to end with when help was asked for or they are not usable (a message has
// been written then).
std::variant<ServerArguments, int> ParseArguments(int argc, char** argv);

}  // namespace labrec::mailbox
