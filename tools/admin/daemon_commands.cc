#include <array>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/record/record.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/describe.h"
#include "tools/admin/public_key_file.h"

namespace labrec::admin {
namespace {

struct OwnerOptions : SocketOptions {
  std::string tenant;
  std::string account;
};
struct EnrollOptions : OwnerOptions {
  std::filesystem::path public_key;
  std::string name;
};
struct RevokeOptions : OwnerOptions {
  std::string device_id;
};
struct RecordOptions : OwnerOptions {
  std::string record;
  bool yes = false;
};

template <typename Options>
void AddOwnerOptions(const cli::Command& command, Options& options) {
  AddSocketOptions(command, options);
  command.AddOption("--tenant", options.tenant, "whose user").Required().Word("T");
  command.AddOption("--account", options.account, "which user").Required().Word("A");
}

v1::AdminAccount AccountOf(const OwnerOptions& options) {
  v1::AdminAccount account;
  account.set_tenant(options.tenant);
  account.set_account(options.account);
  return account;
}

v1::AdminRecord RecordOf(const RecordOptions& options) {
  v1::AdminRecord record;
  record.set_tenant(options.tenant);
  record.set_account(options.account);
  record.set_record(options.record);
  return record;
}

void ShowJson(const SocketOptions& options, const Json& json) {
  Print(options.format, json, Text(json));
}

absl::Status Status(const SocketOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).GetStatus());
  ShowJson(options, Describe(answer));
  return absl::OkStatus();
}

absl::Status Enroll(const EnrollOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey key, ReadPublicKey(options.public_key));
  v1::AdminEnrollDeviceRequest request;
  *request.mutable_account() = AccountOf(options);
  request.set_public_key(ToString(key.Spki()));
  request.set_name(options.name);
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).EnrollDevice(request));
  ShowJson(options, {{"device_id", Hex(AsBytes(answer.device_id()))}});
  return absl::OkStatus();
}

absl::Status ListDevices(const OwnerOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).ListDevices(AccountOf(options)));
  ShowJson(options, Describe(answer));
  if (answer.devices_size() > 0 || answer.records_size() > 0) return absl::OkStatus();
  return AdminClient(options.Path()).ShowAccount(AccountOf(options)).status();  // NOT_FOUND: a typo
}

absl::Status Revoke(const RevokeOptions& options) {
  const absl::StatusOr<Bytes> id = FromHex(options.device_id);
  if (!id.ok() || id->size() != std::tuple_size_v<recovery::DeviceId>) {
    return absl::InvalidArgumentError("--device-id: 32 hexadecimal digits, as \"device list\" shows them");
  }
  v1::AdminRevokeDeviceRequest request;
  *request.mutable_account() = AccountOf(options);
  request.set_device_id(ToString(*id));
  LABREC_RETURN_IF_ERROR(AdminClient(options.Path()).RevokeDevice(request).status());
  ShowJson(options, {{"revoked", options.device_id}});
  return absl::OkStatus();
}

absl::Status ShowRecord(const RecordOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).ShowRecord(RecordOf(options)));
  ShowJson(options, Describe(answer));
  if (answer.record().state() != v1::RECORD_STATE_NOT_REGISTERED) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("tenant \"", options.tenant, "\", account \"", options.account,
                                          "\" has no record \"", options.record,
                                          "\"; \"device list\" shows what an account has"));
}

absl::Status DeleteRecord(const RecordOptions& options) {
  if (!options.yes) {
    return absl::FailedPreconditionError(
        "nothing was deleted: a deleted record and what it protects are gone for ever; say --yes if you mean "
        "it");
  }
  LABREC_RETURN_IF_ERROR(AdminClient(options.Path()).DeleteRecord(RecordOf(options)).status());
  ShowJson(options, {{"deleted", options.record}});
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(const cli::Command& app, Result& result) {
  cli::Command command;
  const auto options =
      AddCommand<SocketOptions>(app, "status", "Ask a running daemon how it is", result, command, Status);
  AddSocketOptions(command, *options);
}

void AddDeviceCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("device", "The devices of an account");
  group.RequireCommand();
  cli::Command command;
  const auto enroll =
      AddCommand<EnrollOptions>(group, "enroll", "Add a device by its public key", result, command, Enroll);
  AddOwnerOptions(command, *enroll);
  command.AddOption("--public-key", enroll->public_key, "PEM file of a P-256 public key")
      .Required()
      .Word("FILE");
  command.AddOption("--name", enroll->name, "shown in lists");
  AddEnrollListCommand(group, result);
  const auto list = AddCommand<OwnerOptions>(group, "list", "List the devices", result, command, ListDevices);
  AddOwnerOptions(command, *list);
  const auto revoke =
      AddCommand<RevokeOptions>(group, "revoke", "Remove a device from its account", result, command, Revoke);
  AddOwnerOptions(command, *revoke);
  command.AddOption("--device-id", revoke->device_id, "as \"device list\" shows it").Required().Word("HEX");
}

void AddRecordCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("record", "The records of an account");
  group.RequireCommand();
  cli::Command command;
  const auto show = AddCommand<RecordOptions>(
      group, "show", "Show a record's state and its remaining guesses", result, command, ShowRecord);
  AddOwnerOptions(command, *show);
  command.AddOption("--record", show->record, "its name").Required().Word("NAME");
  const auto erase = AddCommand<RecordOptions>(group, "delete", "Destroy a record and its keys, for ever",
                                               result, command, DeleteRecord);
  AddOwnerOptions(command, *erase);
  command.AddOption("--record", erase->record, "its name").Required().Word("NAME");
  command.AddFlag("--yes", erase->yes, "yes, for ever");
  AddRecordListCommand(group, result);
}

}  // namespace labrec::admin
