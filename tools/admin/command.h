#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"

#include "recovery/realm/folder.h"
#include "tools/admin/commands.h"
#include "tools/admin/output.h"

namespace labrec::admin {

// One command with the options of type Options, which live as long as the parser does. `run` is called after
// parsing, if the user chose it.
template <typename Options>
std::shared_ptr<Options> AddCommand(CLI::App& group, const std::string& name, const std::string& what,
                                    Result& result, CLI::App*& command,
                                    std::function<absl::Status(const Options&)> run) {
  auto options = std::make_shared<Options>();
  command = group.add_subcommand(name, what);
  command->add_flag_callback(
      "--json", [options] { options->format = Format::kJson; }, "print JSON on standard output");
  command->callback([options, &result, run = std::move(run)] { result.status = run(*options); });
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
void AddSocketOptions(CLI::App& command, Options& options) {
  CLI::Option_group* const where = command.add_option_group("daemon", "how to reach the daemon");
  where->add_option("--socket", options.socket, "the daemon's admin socket")->option_text("PATH");
  where->add_option("--state", options.state, "the realm's folder, with the admin socket in it")
      ->option_text("DIR");
  where->require_option(1);
}

}  // namespace labrec::admin
