#include <string>

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tools/admin/accept/accept.h"
#include "tools/admin/command.h"
#include "tools/admin/confirm.h"
#include "tools/admin/describe.h"
#include "tools/admin/offline_realm.h"
#include "tools/admin/terminal_progress.h"

namespace labrec::admin {
namespace {

struct AcceptOptions : OfflineOptions {
  uint32_t floor = 0;  // 0: as the configuration says
  bool yes = false;
  bool take_unvouched = false;
};

// The anchor of the realm's device; a device without one made no realm.
absl::StatusOr<hsm::FreshnessAnchor*> AnchorOf(recoveryd::OpenedRealm& realm) {
  hsm::FreshnessAnchor* const anchor = realm.anchor_device().freshness_anchor();
  if (anchor != nullptr) return anchor;
  return absl::FailedPreconditionError("the realm's device has no freshness anchor");
}

absl::Status ShowStatus(const OfflineOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm where, FindRealm(options));
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm realm, OpenOffline(where));
  LABREC_ASSIGN_OR_RETURN(hsm::FreshnessAnchor* const anchor, AnchorOf(realm));
  LABREC_ASSIGN_OR_RETURN(const recovery::StartUpReport report,
                          recovery::CheckStartUp(*realm.store, *anchor, realm.manifest.realm_id));
  const Json json = Describe(report, anchor->wear().kind);
  Print(options.format, json, Text(json));
  return report.verdict;
}

absl::Status Verify(const OfflineOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm where, FindRealm(options));
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm realm, OpenOffline(where));
  LABREC_ASSIGN_OR_RETURN(hsm::FreshnessAnchor* const anchor, AnchorOf(realm));
  LABREC_ASSIGN_OR_RETURN(
      const recovery::VerifyReport report,
      recovery::VerifyAll(*realm.store, *anchor, realm.manifest.realm_id, ShowProgress("verifying")));
  Json json = Describe(static_cast<const recovery::ContentReport&>(report));
  json["freshness"] = FreshnessName(report.freshness.freshness);
  json["device_epoch"] = report.freshness.device_epoch;
  Print(options.format, json, Text(json));
  return CheckIntact(report);
}

absl::Status AcceptLedger(const AcceptOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm where, FindRealm(options));
  LABREC_ASSIGN_OR_RETURN(recoveryd::OpenedRealm realm, OpenOffline(where));
  AcceptRequest request;
  request.store = where.store;
  request.reanchor_floor = options.floor == 0 ? where.reanchor_floor : options.floor;
  request.confirm = [&options](const std::string& what) {
    return options.yes ? absl::OkStatus() : Confirm(what);
  };
  request.take_unvouched = options.take_unvouched;
  request.progress = ShowProgress("ledger");
  LABREC_ASSIGN_OR_RETURN(const AcceptReport report, Accept(realm, request));
  const Json json = {{"epoch", report.rebuilt.epoch},
                     {"rows", report.rebuilt.rows},
                     {"rows_left_out", report.rebuilt.left_out},
                     {"rows_unvouched", report.rows.unvouched},
                     {"rows_discarded", report.rows.discarded},
                     {"unvouched_taken", request.take_unvouched},
                     {"discontinuities", report.rebuilt.discontinuities},
                     {"reanchor_floor", request.reanchor_floor},
                     {"resumed", report.resumed}};
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

}  // namespace

void AddAnchorCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand(
      "anchor", "The ledger against its device, while no daemon runs; the way out after a restore");
  group.RequireCommand();
  cli::Command command;
  const auto status = AddCommand<OfflineOptions>(
      group, "status", "Whether the daemon would start on this ledger, or by how many epochs it is behind",
      result, command, ShowStatus);
  AddOfflineOptions(command, *status);
  const auto verify = AddCommand<OfflineOptions>(
      group, "verify", "Walk the whole ledger and name every bucket and row that does not fit", result,
      command, Verify);
  AddOfflineOptions(command, *verify);
  const auto accept = AddCommand<AcceptOptions>(
      group, "accept", "Go on with a restored or damaged ledger, at the price of its guesses", result,
      command, AcceptLedger);
  AddOfflineOptions(command, *accept);
  command
      .AddOption("--reanchor-floor", accept->floor,
                 "guesses left to each record, at most (default: the configuration's, else 1)")
      .Range(1, 20)
      .Word("N");
  command.AddFlag(
      kTakeUnvouched, accept->take_unvouched,
      "also take rows that the device does not vouch for, as they are, instead of destroying their records "
      "and dropping their accounts' devices. Whoever edited them chose devices, floors and guesses left: "
      "only "
      "for a copy that you know");
  command.AddFlag("--yes", accept->yes, "do not ask");
}

}  // namespace labrec::admin
