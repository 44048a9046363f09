#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/folder.h"
#include "tools/admin/account/audit_lines.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/describe.h"
#include "tools/recoveryd/config.h"

namespace labrec::admin {
namespace {

struct ListOptions : SocketOptions {
  std::string tenant;
};
struct RecordListOptions : ListOptions {
  std::string account;
  std::string record_state;
};
struct AccountOptions : SocketOptions {
  std::string tenant;
  std::string account;
};
struct EraseOptions : AccountOptions {
  bool yes = false;
};

// What is known of the ledger besides the accounts.
struct Walk {
  std::vector<std::string> problems;
  uint64_t unnamed = 0;
};

// Every account of a tenant, or of all: `visit` sees each once.
absl::StatusOr<Walk> ForEachAccount(const ListOptions& options,
                                    const std::function<void(const v1::AccountState&)>& visit) {
  AdminClient client(options.Path());
  v1::ListAccountsRequest request;
  request.set_tenant(options.tenant);
  Walk walk;
  for (bool more = true; more;) {
    LABREC_ASSIGN_OR_RETURN(const auto answer, client.ListAccounts(request));
    for (const v1::AccountState& account : answer.accounts()) visit(account);
    walk.problems.insert(walk.problems.end(), answer.problems().begin(), answer.problems().end());
    walk.unnamed += answer.unnamed();
    more = !answer.next().empty();
    request.set_after(answer.next());
  }
  return walk;
}

// Names may hold any character but control characters: as JSON texts they keep apart.
std::string JsonName(const std::string& name) {
  return Json(name).dump();
}

absl::Status Report(const ListOptions& options, const char* what, const Json& list, const std::string& lines,
                    const Walk& walk) {
  Print(options.format, {{what, list}, {"problems", walk.problems}, {"unnamed", walk.unnamed}}, lines);
  if (walk.unnamed > 0) {
    Complain(absl::NotFoundError(absl::StrCat(
        walk.unnamed, " rows have no name any more: \"anchor accept\" found nobody who vouched for them")));
  }
  if (walk.problems.empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the list lacks ", walk.problems.size(),
                                          " damaged rows; the first: ", walk.problems.front()));
}

absl::Status ListAccounts(const ListOptions& options) {
  Json accounts = Json::array();
  std::string lines;
  const auto walk = ForEachAccount(options, [&](const v1::AccountState& state) {
    const int devices = state.devices().devices_size();
    accounts.push_back({{"tenant", state.account().tenant()},
                        {"account", state.account().account()},
                        {"devices", devices},
                        {"discarded", state.devices().discarded()},
                        {"records", std::vector<std::string>(state.devices().records().begin(),
                                                             state.devices().records().end())}});
    absl::StrAppend(&lines, JsonName(state.account().tenant()), " ", JsonName(state.account().account()),
                    ": ", devices, " devices, ", state.records_size(), " records\n");
  });
  if (!walk.ok()) return walk.status();
  return Report(options, "accounts", accounts, lines, *walk);
}

absl::Status CheckState(const std::string& state) {
  for (const char* known : {"", "usable", "locked", "destroyed", "unregistered"}) {
    if (state == known) return absl::OkStatus();
  }
  return absl::InvalidArgumentError("--record-state: usable, locked, destroyed or unregistered");
}

absl::Status ListRecords(const RecordListOptions& options) {
  LABREC_RETURN_IF_ERROR(CheckState(options.record_state));
  const std::string wanted = options.record_state == "unregistered" ? "not registered" : options.record_state;
  Json records = Json::array();
  std::string lines;
  const auto walk = ForEachAccount(options, [&](const v1::AccountState& state) {
    if (!options.account.empty() && options.account != state.account().account()) return;
    for (const v1::NamedRecord& record : state.records()) {
      Json shown = Describe(record.shown());
      const std::string kind = shown["state"];
      if (!wanted.empty() && wanted != kind) continue;
      absl::StrAppend(&lines, JsonName(state.account().tenant()), " ", JsonName(state.account().account()),
                      " ", record.name(), ": ", kind, ", ", record.shown().record().remaining(), " of ",
                      record.shown().record().guess_limit(), " guesses left\n");
      Json line = {{"tenant", state.account().tenant()},
                   {"account", state.account().account()},
                   {"record", record.name()}};
      line.update(shown);
      records.push_back(std::move(line));
    }
  });
  if (!walk.ok()) return walk.status();
  return Report(options, "records", records, lines, *walk);
}

v1::AdminAccount Named(const AccountOptions& options) {
  v1::AdminAccount account;
  account.set_tenant(options.tenant);
  account.set_account(options.account);
  return account;
}

Json DescribeAccount(const v1::AccountState& state) {
  Json json = {{"tenant", state.account().tenant()}, {"account", state.account().account()}};
  json.update(Describe(state.devices()));
  json["records"] = Json::array();
  for (const v1::NamedRecord& record : state.records()) {
    Json shown = {{"record", record.name()}};
    shown.update(Describe(record.shown()));
    json["records"].push_back(std::move(shown));
  }
  return json;
}

absl::Status Show(const AccountOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto state, AdminClient(options.Path()).ShowAccount(Named(options)));
  const Json json = DescribeAccount(state);
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> AuditLogOf(const AccountOptions& options) {
  if (!options.state.empty()) return recovery::RealmFolder(options.state).AuditPath();
  if (options.config.empty())
    return absl::FailedPreconditionError("not looked for: give --state or --config");
  LABREC_ASSIGN_OR_RETURN(const recoveryd::Config config, recoveryd::ReadConfig(options.config));
  return recovery::RealmFolder(config.state).AuditPath();
}

// All that is kept of the person, for the person: so the configs too, and what the audit log says.
absl::Status Export(const AccountOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto state, AdminClient(options.Path()).ShowAccount(Named(options)));
  Json json = DescribeAccount(state);
  for (int i = 0; i < state.records_size(); ++i) {
    const auto& versions = state.records(i).shown().record().versions();
    for (int v = 0; v < versions.size(); ++v) {
      json["records"][i]["versions"][v]["config"] = Hex(AsBytes(versions[v].config()));
    }
  }
  absl::StatusOr<std::filesystem::path> log = AuditLogOf(options);
  absl::StatusOr<Json> lines =
      log.ok() ? AuditLinesOf(*log, options.tenant, options.account) : absl::StatusOr<Json>(log.status());
  json["audit_log"] = lines.ok() ? *lines : Json(nullptr);
  if (!lines.ok()) json["audit_log_not_read"] = std::string(lines.status().message());
  Print(Format::kJson, json, "");
  return absl::OkStatus();
}

const std::vector<std::string>& WhatRemains() {
  static const std::vector<std::string> remains = {
      "lines of the audit log that name the account, this one among them: who did what, and when",
      "copies of the ledger that were made before (\"backup create\", file system snapshots)",
      "in PostgreSQL: old versions of its rows until they are overwritten, its log, standbys and archives",
      "what other realms keep of the account: each has to erase its own",
      "nothing that knows the account again: to whoever comes with a token of this name it is new"};
  return remains;
}

absl::Status Erase(const EraseOptions& options) {
  if (!options.yes) {
    return absl::FailedPreconditionError(
        "nothing was erased: all of the account's records, and what they protect, its devices and its epoch "
        "floors "
        "would be gone for ever; \"account show\" has them. Say --yes if you mean it");
  }
  LABREC_ASSIGN_OR_RETURN(const auto erased, AdminClient(options.Path()).EraseAccount(Named(options)));
  const Json json = {{"erased", options.account},
                     {"devices", erased.devices()},
                     {"records", erased.records()},
                     {"remains", WhatRemains()}};
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

void AddAccountOptions(const cli::Command& command, AccountOptions& options) {
  AddSocketOptions(command, options);
  command.AddOption("--tenant", options.tenant, "whose user").Required().Word("T");
  command.AddOption("--account", options.account, "which user").Required().Word("A");
}

}  // namespace

void AddAccountCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("account", "Accounts as a whole");
  group.RequireCommand();
  cli::Command command;
  const auto list =
      AddCommand<ListOptions>(group, "list", "List the accounts, in no order", result, command, ListAccounts);
  AddSocketOptions(command, *list);
  command.AddOption("--tenant", list->tenant, "of this one only").Word("T");
  const auto show = AddCommand<AccountOptions>(group, "show", "Show an account with its devices and records",
                                               result, command, Show);
  AddAccountOptions(command, *show);
  const auto out = AddCommand<AccountOptions>(
      group, "export", "Print all that is kept of an account, as JSON, with its lines of the audit log",
      result, command, Export);
  AddAccountOptions(command, *out);
  const auto erase = AddCommand<EraseOptions>(
      group, "erase", "Destroy an account's records and forget its devices and its name, for ever", result,
      command, Erase);
  AddAccountOptions(command, *erase);
  command.AddFlag("--yes", erase->yes, "yes, for ever");
}

void AddRecordListCommand(const cli::Command& record, Result& result) {
  cli::Command command;
  const auto list = AddCommand<RecordListOptions>(
      record, "list", "List the records of all accounts, or of some", result, command, ListRecords);
  AddSocketOptions(command, *list);
  command.AddOption("--tenant", list->tenant, "of this one only").Word("T");
  command.AddOption("--account", list->account, "of this one only").Word("A");
  command
      .AddOption("--record-state", list->record_state,
                 "those that are so only: usable, locked, destroyed or unregistered")
      .Word("STATE");
}

}  // namespace labrec::admin
