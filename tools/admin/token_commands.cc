#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/server/tokens/issuer.h"
#include "tools/admin/command.h"
#include "tools/admin/public_key_file.h"

namespace labrec::admin {
namespace {

constexpr size_t kRealmIdBytes = 16;

struct KeygenOptions {
  Format format = Format::kText;
  std::filesystem::path key;
  std::filesystem::path jwks;
};
struct IssueOptions {
  Format format = Format::kText;
  std::filesystem::path key;
  std::string tenant;
  std::string account;
  std::vector<std::string> realms;  // ids in hexadecimal
  std::string service;
  int64_t lifetime_s = 3600;
  std::filesystem::path device_key;
};

// The key file is written first: a key set of a key that nobody has would only lock people out.
absl::Status Keygen(const KeygenOptions& options) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  LABREC_RETURN_IF_ERROR(WriteFile(options.key, key.ToPem().view(), 0600, Overwrite::kRefuse));
  const std::string jwks = recovery::TokenKeySet(key.public_key());
  if (const absl::Status written = WriteFile(options.jwks, AsBytes(jwks), 0644, Overwrite::kRefuse);
      !written.ok()) {
    std::error_code ignored;
    std::filesystem::remove(options.key, ignored);
    return written;
  }
  const std::string kid = recovery::TokenKeyId(key.public_key());
  Print(options.format, {{"kid", kid}}, "kid: " + kid + "\n");
  return absl::OkStatus();
}

// A realm's id as tokens name it.
absl::StatusOr<std::string> RealmAudience(const std::string& realm) {
  const absl::StatusOr<Bytes> id = FromHex(realm);
  if (id.ok() && id->size() == kRealmIdBytes) return Hex(*id);
  return absl::InvalidArgumentError("--realm " + realm +
                                    " is no realm's id: 32 hexadecimal digits, which labyrinth-admin realm "
                                    "show prints; a name is not taken");
}

// One audience for each token: whoever can use a token at another service is a thief to be reckoned with.
absl::StatusOr<std::vector<std::string>> Audiences(const IssueOptions& options) {
  std::vector<std::string> audiences;
  for (const std::string& realm : options.realms) {
    LABREC_ASSIGN_OR_RETURN(std::string audience, RealmAudience(realm));
    if (std::ranges::find(audiences, audience) != audiences.end()) {
      return absl::InvalidArgumentError("--realm " + audience + " is given twice");
    }
    audiences.push_back(std::move(audience));
  }
  if (!options.service.empty()) audiences.push_back(options.service);
  return audiences;
}

absl::StatusOr<std::optional<EcdsaPublicKey>> DeviceKey(const IssueOptions& options) {
  if (options.device_key.empty()) return std::optional<EcdsaPublicKey>();
  LABREC_ASSIGN_OR_RETURN(EcdsaPublicKey key, ReadPublicKey(options.device_key));
  return std::optional<EcdsaPublicKey>(std::move(key));
}

absl::Status Issue(const IssueOptions& options) {
  LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--tenant", options.tenant));
  LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--account", options.account));
  LABREC_ASSIGN_OR_RETURN(const std::vector<std::string> audiences, Audiences(options));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pem, ReadSecretFile(options.key));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPrivateKey key, EcdsaPrivateKey::FromPem(pem));
  LABREC_ASSIGN_OR_RETURN(const auto device_key, DeviceKey(options));
  const int64_t now_s = SystemClock().NowMillis() / 1000;
  nlohmann::json tokens = nlohmann::json::object();
  std::string lines;
  for (const std::string& audience : audiences) {
    const std::string token = recovery::IssueToken(
        key, {options.tenant, options.account, audience, now_s, options.lifetime_s, device_key});
    tokens[audience] = token;
    lines += token + "\n";
  }
  Print(options.format, {{"tokens", tokens}}, lines);
  return absl::OkStatus();
}

}  // namespace

void AddTokenCommands(const cli::Command& app, Result& result) {
  const cli::Command group =
      app.AddCommand("token", "Tokens for development tenants; real platforms issue their own");
  group.RequireCommand();
  cli::Command command;
  const auto keygen = AddCommand<KeygenOptions>(
      group, "keygen", "Make a signing key (mode 0600) and its JWKS file", result, command, Keygen);
  command.AddOption("--key", keygen->key, "private key to write").Required().Word("FILE");
  command.AddOption("--jwks", keygen->jwks, "key set to write, for the daemon's configuration")
      .Required()
      .Word("FILE");
  const auto issue = AddCommand<IssueOptions>(
      group, "issue", "Print bearer tokens, one for each realm, a line each", result, command, Issue);
  command.AddOption("--key", issue->key, "private key made by keygen").Required().Word("FILE");
  command.AddOption("--tenant", issue->tenant, "the token's \"iss\"").Required().Word("T");
  command.AddOption("--account", issue->account, "the token's \"sub\"").Required().Word("A");
  const cli::Command whom = command.AddChoice("audience", "whom the tokens are for");
  whom.AddOption("--realm", issue->realms, "id of a realm; may be given more than once")
      .Repeatable()
      .Word("ID");
  whom.AddOption("--service", issue->service, "a service that is no realm, as labyrinth-mailboxd")
      .Word("NAME");
  command
      .AddOption(
          "--device-key", issue->device_key,
          "PEM file of a device's public key: the token vouches for it (\"cnf\"), as the account's first")
      .Word("FILE");
  command.AddOption("--lifetime", issue->lifetime_s, "seconds (default 3600, at most 86400)")
      .Range(1, 86400)
      .Word("SECONDS");
}

}  // namespace labrec::admin
