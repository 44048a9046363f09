#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/ledger/start_up.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/describe.h"
#include "tools/admin/offline_realm.h"
#include "tools/admin/store/store_migration.h"
#include "tools/admin/terminal_progress.h"

namespace labrec::admin {
namespace {

constexpr char kNotErased[] =
    "rows lie open: PostgreSQL keeps what is deleted or replaced in its pages, its log, on standbys and in "
    "backups, until \"labyrinth-admin store rotate --yes\" has sealed them under a period key; what it kept "
    "until then stays";

struct MigrateOptions : OfflineOptions {
  std::string to;
};

// Opens it as the daemon would, with all that is demanded of a server. That changes nothing.
absl::Status Check(const OfflineOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm where, FindRealm(options));
  LABREC_ASSIGN_OR_RETURN(const recoveryd::LockedRealm realm, recoveryd::LockRealm(where.state));
  LABREC_ASSIGN_OR_RETURN(const recovery::PlacedStore placed,
                          recovery::OpenStoreAt(realm.folder, where.store, recovery::StoreUse::kWork));
  LABREC_ASSIGN_OR_RETURN(const recovery::HeadRow head,
                          recovery::ReadRealmHead(*placed.store, realm.manifest.realm_id));
  const Json json = {{"store", placed.file != nullptr ? "SQLite" : "PostgreSQL"},
                     {"replicas", where.store.replicas},
                     {"epoch", head.epoch},
                     {"records", head.records},
                     {"discontinuities", head.discontinuities}};
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

struct RotateOptions : SocketOptions {
  bool keep_earlier = false;
  bool yes = false;
};

absl::Status Rotate(const RotateOptions& options) {
  if (options.yes == options.keep_earlier) {
    return absl::InvalidArgumentError(
        "nothing was done: with --yes the earlier key is destroyed at once, and no backup, standby's "
        "leftover "
        "or archive from before opens any more (make a backup afterwards); with --keep-earlier it stays "
        "until "
        "the next rotation");
  }
  v1::RotatePeriodKeyRequest request;
  request.set_keep_earlier(options.keep_earlier);
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).RotatePeriodKey(request));
  const Json json = {{"period", answer.period()}, {"earlier_destroyed", answer.earlier_destroyed()}};
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status Move(const MigrateOptions& options) {
  if (options.to != "postgresql" && options.to != "file") {
    return absl::InvalidArgumentError("--to: \"postgresql\" or \"file\"");
  }
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm where, FindRealm(options));
  const MigrateTo to = options.to == "file" ? MigrateTo::kFile : MigrateTo::kPostgres;
  LABREC_ASSIGN_OR_RETURN(const MigrationReport report, Migrate(where, to, ShowProgress("migrating")));
  Json json = {{"to", options.to},
               {"epoch", report.head.epoch},
               {"records", report.head.records},
               {"seconds", report.seconds},
               {"left", report.left}};
  if (report.resumed) json["resumed"] = true;
  if (to == MigrateTo::kPostgres && !report.sealed) json["not_erased"] = kNotErased;
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

}  // namespace

void AddStoreCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("store", "Where the ledger is: its file, or PostgreSQL");
  group.RequireCommand();
  cli::Command command;
  const auto check = AddCommand<OfflineOptions>(
      group, "check", "Open it as the daemon would, with all that is demanded of a server; changes nothing",
      result, command, Check);
  AddOfflineOptions(command, *check);
  const auto migrate = AddCommand<MigrateOptions>(group, "migrate",
                                                  "Move the ledger between the folder's file and [store] "
                                                  "url: verified, no epoch passes, no guess is lost",
                                                  result, command, Move);
  command.AddOption("--config", migrate->config, "the daemon's configuration, with its [store] url")
      .Required()
      .Word("FILE");
  command.AddOption("--to", migrate->to, "\"postgresql\" or \"file\"").Required().Word("PLACE");
  const auto rotate = AddCommand<RotateOptions>(group, "rotate",
                                                "Seal everything under a new period key, and destroy the "
                                                "earlier one: what was deleted is lost in every "
                                                "copy. Of a running daemon; seals a ledger that lay open",
                                                result, command, Rotate);
  AddSocketOptions(command, *rotate);
  command.AddFlag("--yes", rotate->yes, "destroy the earlier key now, and with it every backup from before");
  command.AddFlag("--keep-earlier", rotate->keep_earlier, "destroy it at the next rotation");
}

}  // namespace labrec::admin
