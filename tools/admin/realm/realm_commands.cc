#include <string>

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/capacity.h"
#include "tools/admin/command.h"
#include "tools/admin/describe.h"
#include "tools/admin/offline_realm.h"
#include "tools/admin/realm/chip_room.h"
#include "tools/admin/realm/realm_init.h"

namespace labrec::admin {
namespace {

struct InitOptions {
  Format format = Format::kText;
  std::string device;
  std::string anchor;
  std::filesystem::path state;
  std::string name;
  uint32_t accounts = 0;  // 0: not given
  uint32_t bucket_exponent = 16;
  std::filesystem::path owner_auth;
  std::string pcrs;
  std::filesystem::path pcr_approver;
  std::filesystem::path pcr_approval;
  std::string store;
};

constexpr char kErased[] =
    "PostgreSQL keeps old versions of rows in its pages, its log, on standbys and in backups. They are "
    "sealed "
    "under a period key of the anchor's device: what was deleted or replaced is lost in all of them once "
    "that "
    "key is destroyed, after one to two times [store] rotate_days, or by \"labyrinth-admin store rotate "
    "--yes\". Until then whoever gets an old copy and the device's use reads it. For ever stay: hashes of "
    "names, and when and how much was written.";

struct ShowRealmOptions : OfflineOptions {
  std::filesystem::path socket;
};

absl::StatusOr<std::optional<PcrInit>> ReadPcrInit(const InitOptions& options) {
  const int given = !options.pcrs.empty() + !options.pcr_approver.empty() + !options.pcr_approval.empty();
  if (given == 0) return std::nullopt;
  if (given < 3) {
    return absl::InvalidArgumentError(
        "--pcrs, --pcr-approver and --pcr-approval are given together, or not at all");
  }
  LABREC_ASSIGN_OR_RETURN(PcrSelection pcrs, PcrSelection::Parse(options.pcrs));
  LABREC_ASSIGN_OR_RETURN(const Bytes pem, ReadFile(options.pcr_approver));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey approver, EcdsaPublicKey::FromPem(AsText(pem)));
  LABREC_ASSIGN_OR_RETURN(const Bytes json, ReadFile(options.pcr_approval));
  LABREC_ASSIGN_OR_RETURN(hsm::PcrApproval approval, hsm::PcrApproval::FromJson(AsText(json)));
  return PcrInit{{std::move(pcrs), approver}, std::move(approval)};
}

absl::Status Init(const InitOptions& options) {
  RealmInitOptions init;
  init.device = options.device;
  if (!options.anchor.empty()) init.anchor = options.anchor;
  init.state = options.state;
  init.name = options.name;
  init.bucket_exponent =
      options.accounts == 0 ? options.bucket_exponent : recovery::BucketExponentFor(options.accounts);
  if (!options.owner_auth.empty()) {
    LABREC_ASSIGN_OR_RETURN(init.owner_authorization,
                            ReadSecretLine(options.owner_auth, hsm::kLongestOwnerAuthorization));
  }
  LABREC_ASSIGN_OR_RETURN(init.pcrs, ReadPcrInit(options));
  init.store.url = options.store;
  LABREC_ASSIGN_OR_RETURN(const MadeRealm made, InitRealm(init));
  Json json = Describe(made.manifest);
  json["state"] = std::filesystem::absolute(options.state).lexically_normal().string();
  json["device"] = Describe(made.device);
  if (init.pcrs) json["pcrs"] = init.pcrs->binding.pcrs.ToString();
  if (made.anchor) json["anchor"] = Describe(*made.anchor);
  if (!options.store.empty()) {
    json["store"] = "PostgreSQL; name it in [store] url of the daemon's configuration";
    json["erased"] = kErased;
  }
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status ShowRealm(const ShowRealmOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm realm, FindRealm(options));
  LABREC_ASSIGN_OR_RETURN(const recovery::RealmManifest manifest,
                          recovery::RealmFolder(realm.state).ReadManifest());
  Json json = Describe(manifest);
  const auto& socket = options.socket.empty() ? realm.admin_socket : options.socket;
  json["chip"] = DescribeChipRoom({realm.state, realm.device_uri, socket}, manifest);
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

void AddInit(const cli::Command& realm, Result& result) {
  cli::Command command;
  const auto options = AddCommand<InitOptions>(
      realm, "init", "Make a realm: keys and anchor on a device, an empty ledger, a folder. All or nothing.",
      result, command, Init);
  command.AddOption("--device", options->device, "\"tpm2:TCTI\" or an RFC 7512 \"pkcs11:...\" URI")
      .Required()
      .Word("DEVICE");
  command.AddOption("--anchor", options->anchor, "another device for the freshness anchor").Word("DEVICE");
  command.AddOption("--state", options->state, "folder to make; empty, or not there yet")
      .Required()
      .Word("DIR");
  command
      .AddOption("--store", options->store,
                 "the ledger in PostgreSQL, \"postgresql://...\" (default: a file)")
      .Word("URL");
  command.AddOption("--name", options->name, "the realm's public name (default: first 8 digits of its id)");
  const cli::Option exponent = command
                                   .AddOption("--bucket-exponent", options->bucket_exponent,
                                              "2^K ledger buckets (0 to 20, default 16)")
                                   .Word("K");
  command
      .AddOption("--accounts", options->accounts,
                 "how many it will have at most: chooses the ledger's buckets, for good")
      .Word("N")
      .Range(1, static_cast<int>(recovery::AccountsMadeFor(recovery::kMaxBucketExponent)))
      .Excludes(exponent);
  command.AddOption("--owner-auth-file", options->owner_auth, "TPM: authorisation of the owner hierarchy")
      .Word("FILE");
  command.AddOption("--pcrs", options->pcrs, "TPM: bind the keys to these PCRs, as sha256:0,2,7")
      .Word("PCRS");
  command.AddOption("--pcr-approver", options->pcr_approver, "public key that approves values of the PCRs")
      .Word("FILE");
  command.AddOption("--pcr-approval", options->pcr_approval, "its approval of what the PCRs hold now")
      .Word("FILE");
}

}  // namespace

void AddRealmCommands(const cli::Command& app, Result& result) {
  const cli::Command realm = app.AddCommand("realm", "Make a realm, or show what one is");
  realm.RequireCommand();
  AddInit(realm, result);
  AddClientEntryCommand(realm, result);
  cli::Command command;
  const auto options = AddCommand<ShowRealmOptions>(
      realm, "show",
      "Show what a realm's folder says of it, and how much room its TPM has for records "
      "that it counts for",
      result, command, ShowRealm);
  AddOfflineOptions(command, *options, "which realm; its daemon may run");
  command.AddOption("--socket", options->socket, "the daemon's admin socket, if it is not in the folder")
      .Word("PATH");
}

}  // namespace labrec::admin
