#include <filesystem>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/certificate_chain.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/host_port.h"
#include "hsm/base/text/json.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/offline_realm.h"

namespace labrec::admin {
namespace {

struct EntryOptions : OfflineOptions {
  std::string address;
  std::filesystem::path ca_certificate;
  std::filesystem::path certificate;
  std::string server_name;
};

// Clients would refuse it otherwise, each by itself and later.
absl::Status CheckCertificates(const EntryOptions& options, const std::string& host) {
  LABREC_ASSIGN_OR_RETURN(const Bytes root, ReadFile(options.ca_certificate));
  if (options.certificate.empty()) return EarliestExpiryMs(root).status();
  LABREC_ASSIGN_OR_RETURN(const Bytes chain, ReadFile(options.certificate));
  const absl::Status good = CheckChain(chain, root, options.server_name.empty() ? host : options.server_name);
  if (good.ok()) return good;
  return absl::FailedPreconditionError(absl::StrCat(options.certificate.string(), ": a client that trusts ",
                                                    options.ca_certificate.string(),
                                                    " refuses it: ", good.message()));
}

// A TOML basic string (TOML 1.0.0, "String"): JSON escapes what TOML does.
std::string Quoted(const std::string& text) {
  return JsonText(nlohmann::json(text));
}

absl::Status PrintEntry(const EntryOptions& options) {
  const std::optional<HostPort> address = ParseHostPort(options.address);
  if (!address || address->port == 0) {
    return absl::InvalidArgumentError(
        "--address: \"HOST:PORT\" or \"[V6]:PORT\", where clients reach the realm");
  }
  if (const absl::Status good = CheckCertificates(options, address->host); !good.ok()) return good;
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm realm, FindRealm(options));
  LABREC_ASSIGN_OR_RETURN(const recovery::RealmManifest manifest,
                          recovery::RealmFolder(realm.state).ReadManifest());
  Json json = {{"id", Hex(manifest.realm_id)},
               {"name", manifest.name},
               {"address", options.address},
               {"ca_certificate", options.ca_certificate.filename().string()}};
  if (!options.server_name.empty()) json["server_name"] = options.server_name;
  std::string text = "[[realm]]\n";
  for (const auto& [key, value] : json.items()) {
    absl::StrAppend(&text, key, " = ", Quoted(value.get<std::string>()), "\n");
  }
  Print(options.format, json, text);
  return absl::OkStatus();
}

}  // namespace

void AddClientEntryCommand(const cli::Command& realm, Result& result) {
  cli::Command command;
  const auto options = AddCommand<EntryOptions>(
      realm, "client-entry", "Print the realm's block of clients' realm lists, once it is checked", result,
      command, PrintEntry);
  AddOfflineOptions(command, *options, "which realm; its daemon may run");
  command.AddOption("--address", options->address, "where clients reach it").Required().Word("HOST:PORT");
  command
      .AddOption("--ca-certificate", options->ca_certificate,
                 "the root that clients are to trust for it; lies beside their list")
      .Required()
      .Word("FILE");
  command
      .AddOption("--certificate", options->certificate,
                 "the chain that the realm shows: it has to lead to that root and be good for the address")
      .Word("FILE");
  command
      .AddOption("--server-name", options->server_name, "the certificate's name, if not the address's host")
      .Word("NAME");
}

}  // namespace labrec::admin
