#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"

namespace labrec::admin {

// The tool's commands. Each function adds its command group to `app`; the command that the user chose leaves
// its result in `result`, having printed what it found.
struct Result {
  absl::Status status;
};

void AddRealmCommands(CLI::App& app, Result& result);   // realm init, realm show
void AddStatusCommand(CLI::App& app, Result& result);   // status
void AddDeviceCommands(CLI::App& app, Result& result);  // device enroll, list, revoke
void AddRecordCommands(CLI::App& app, Result& result);  // record show, delete
void AddAnchorCommands(CLI::App& app, Result& result);  // anchor status, verify, accept
void AddBackupCommands(CLI::App& app, Result& result);  // backup create, verify
void AddAttestCommand(CLI::App& app, Result& result);   // attest
void AddTokenCommands(CLI::App& app, Result& result);   // token keygen, issue
void AddPcrCommands(CLI::App& app, Result& result);     // pcr keygen, show, approve

}  // namespace labrec::admin
