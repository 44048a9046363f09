#pragma once

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace labrec::cli {

// For options that name files: a path that does not begin at the root needs the folder that the program works
// in, and somebody may have removed it.
inline CLI::Validator Reachable() {
  return CLI::Validator(
      [](const std::string& path) {
        char folder[4096];
        if (path.starts_with("/") || getcwd(folder, sizeof folder) != nullptr) return std::string();
        return "the folder that this program was started in is gone: name " + path +
               " from the root, or cd to another one";
      },
      "");
}

// Says what is wrong with a program's arguments, or prints the help or version that was asked for; whether it
// was one of those. CLI11 names words that it does not know only where nothing else is missing: "realm innit"
// would merely want a subcommand.
inline bool ExplainUsage(const CLI::App& app, const CLI::ParseError& error) {
  const bool asked_for = app.exit(error) == 0;
  if (asked_for || error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) return asked_for;
  std::string unknown;
  for (const std::string& word : app.remaining(true)) unknown += " " + word;
  if (!unknown.empty()) std::cerr << "Not known here:" << unknown << "\n";
  return asked_for;
}

}  // namespace labrec::cli
