#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tools/admin/commands.h"
#include "tools/admin/output.h"
#include "tools/cli/command_line.h"
#include "tools/cli/prompts.h"

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
  command.AddFlag(cli::kNoInput, cli::prompts_forbidden, cli::kNoInputHelp);
  command.WhenNamed([options, &result, run = std::move(run)] { result.status = run(*options); });
  return options;
}

// How to reach a running daemon.
struct SocketOptions {
  Format format = Format::kText;
  std::filesystem::path socket;
  std::filesystem::path state;
  std::filesystem::path config;

  // INVALID_ARGUMENT: what is wrong with the configuration.
  absl::StatusOr<std::filesystem::path> Path() const;
};

// --socket PATH, --state DIR or --config FILE: one of them is needed.
void AddSocketOptions(const cli::Command& command, SocketOptions& options);

}  // namespace labrec::admin
