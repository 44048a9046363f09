#include <string>
#include <vector>

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/server/tokens/issuer.h"
#include "tools/admin/command.h"

namespace labrec::admin {
namespace {

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
  std::vector<std::string> audiences;
  int64_t lifetime_s = 3600;
};

// The key file is written first: a key set of a key that nobody has would only lock people out.
absl::Status Keygen(const KeygenOptions& options) {
  const EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
  LABREC_RETURN_IF_ERROR(WriteFile(options.key, key.ToPem().view(), 0600, Overwrite::kRefuse));
  const std::string jwks = recovery::TokenKeySet(key.public_key());
  if (const absl::Status written = WriteFile(options.jwks, AsBytes(jwks), 0644, Overwrite::kRefuse);
      !written.ok()) {
    std::filesystem::remove(options.key);
    return written;
  }
  const std::string kid = recovery::TokenKeyId(key.public_key());
  Print(options.format, {{"kid", kid}}, "kid: " + kid + "\n");
  return absl::OkStatus();
}

absl::Status Issue(const IssueOptions& options) {
  LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--tenant", options.tenant));
  LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--account", options.account));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pem, ReadSecretFile(options.key));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPrivateKey key, EcdsaPrivateKey::FromPem(pem));
  const std::string token = recovery::IssueToken(key, {options.tenant, options.account, options.audiences,
                                                       SystemClock().NowMillis() / 1000, options.lifetime_s});
  Print(options.format, {{"token", token}}, token + "\n");
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
  const auto issue = AddCommand<IssueOptions>(group, "issue", "Print a bearer token", result, command, Issue);
  command.AddOption("--key", issue->key, "private key made by keygen").Required().Word("FILE");
  command.AddOption("--tenant", issue->tenant, "the token's \"iss\"").Required().Word("T");
  command.AddOption("--account", issue->account, "the token's \"sub\"").Required().Word("A");
  command.AddOption("--audience", issue->audiences, "id or name of a realm; may be given more than once")
      .Required()
      .Repeatable()
      .Word("REALM");
  command.AddOption("--lifetime", issue->lifetime_s, "seconds (default 3600, at most 86400)")
      .Range(1, 86400)
      .Word("SECONDS");
}

}  // namespace labrec::admin
