#pragma once

#include <map>
#include <string>
#include <vector>

namespace labrec::test {

// What became of a program that ran to its end.
struct FinishedCommand {
  int code = -1;  // exit status; 128 + signal if a signal ended it
  std::string out;
  std::string err;
};

// Runs `command` (command[0] is looked up in PATH) with `input` as its standard input and waits for its end;
// the test's own time limit is its limit too. Code 126: it could not be started.
FinishedCommand RunCommand(const std::vector<std::string>& command, const std::string& input = "",
                           const std::map<std::string, std::string>& environment = {});

}  // namespace labrec::test
