#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

#include "tools/cli/command_line.h"

namespace labrec::admin {

// The tool's commands. Each function adds its command group to `app`; the command that the user chose leaves
// its result in `result`, having printed what it found.
struct Result {
  absl::Status status;
  int code = 0;  // what the program ends with, where status is OK
};

void AddRealmCommands(const cli::Command& app, Result& result);         // realm init, realm show
void AddClientEntryCommand(const cli::Command& realm, Result& result);  // realm client-entry
void AddStatusCommand(const cli::Command& app, Result& result);         // status
void AddDeviceCommands(const cli::Command& app, Result& result);        // device enroll, list, revoke
void AddRecordCommands(const cli::Command& app, Result& result);        // record show, delete
void AddAccountCommands(const cli::Command& app, Result& result);       // account list, show, export, erase
void AddRecordListCommand(const cli::Command& record, Result& result);  // record list
void AddEnrollListCommand(const cli::Command& device, Result& result);  // device enroll-list
void AddAnchorCommands(const cli::Command& app, Result& result);        // anchor status, verify, accept
void AddBackupCommands(const cli::Command& app, Result& result);        // backup create, verify
void AddStandbyCommands(const cli::Command& app, Result& result);       // standby status, takeover
void AddStoreCommands(const cli::Command& app, Result& result);         // store check, migrate
void AddAttestCommand(const cli::Command& app, Result& result);         // attest
void AddTokenCommands(const cli::Command& app, Result& result);         // token keygen, issue
void AddTenantCommands(const cli::Command& app, Result& result);        // tenant add, set, disable, list ...
void AddPcrCommands(const cli::Command& app, Result& result);           // pcr keygen, show, approve
void AddDoctorCommand(const cli::Command& app, Result& result);         // doctor
void AddDevCommand(const cli::Command& app, Result& result);            // dev
void AddAuditCommands(const cli::Command& app, Result& result);         // audit verify

}  // namespace labrec::admin
