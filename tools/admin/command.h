#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

#include "recovery/realm/folder.h"
#include "tools/admin/commands.h"
#include "tools/admin/output.h"
#include "tools/cli/command_line.h"

namespace labrec::admin {

// One command with the options of type Options, which live as long as the parser does. `run` is called after
// parsing, if the user chose it.
template <typename Options>
std::shared_ptr<Options> AddCommand(const cli::Command& group, const std::string& name,
                                    const std::string& what, Result& result, cli::Command& command,
                                    std::function<absl::Status(const Options&)> run) {
  auto options = std::make_shared<Options>();
  command = group.AddCommand(name, what);
  command.AddFlag(
      "--json", [options] { options->format = Format::kJson; }, "print JSON on standard output");
  command.WhenNamed([options, &result, run = std::move(run)] { result.status = run(*options); });
  return options;
}

// How to reach a running daemon.
struct SocketOptions {
  Format format = Format::kText;
  std::filesystem::path socket;
  std::filesystem::path state;

  std::filesystem::path Path() const {
    return socket.empty() ? recovery::RealmFolder(state).AdminSocketPath() : socket;
  }
};

// --socket PATH or --state DIR: one of them is needed.
template <typename Options>
void AddSocketOptions(const cli::Command& command, Options& options) {
  const cli::Command where = command.AddChoice("daemon", "how to reach the daemon");
  where.AddOption("--socket", options.socket, "the daemon's admin socket").Word("PATH");
  where.AddOption("--state", options.state, "the realm's folder, with the admin socket in it").Word("DIR");
}

}  // namespace labrec::admin
