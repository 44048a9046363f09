#include "tools/mailbox/server/arguments.h"

#include <CLI/CLI.hpp>

#include "tools/cli/usage_error.h"

namespace labrec::mailbox {
namespace {

void AddArguments(CLI::App& app, ServerArguments& arguments) {
  app.add_option("--database", arguments.database, "The SQLite file, which is made")->required();
  app.add_option("--listen", arguments.listen, "unix:/path or host:port")->required();
  CLI::Option* certificate =
      app.add_option("--tls-certificate", arguments.certificate, "PEM chain, the server's own first");
  CLI::Option* key = app.add_option("--tls-key", arguments.key, "PEM private key, mode 0600");
  certificate->needs(key);
  key->needs(certificate);
  CLI::Option* jwks = app.add_option("--jwks", arguments.tokens.jwks, "Public keys of the platform's tokens");
  CLI::Option* tenant = app.add_option("--tenant", arguments.tokens.name, "The tokens' issuer");
  CLI::Option* audience = app.add_option("--audience", arguments.audience, "The tokens' audience");
  jwks->needs(tenant)->needs(audience);
  tenant->needs(jwks);
  audience->needs(jwks);
}

}  // namespace

std::variant<ServerArguments, int> ParseArguments(int argc, char** argv) {
  CLI::App app("A message store for labyrinth-mailbox. See labyrinth-mailboxd(8).", "labyrinth-mailboxd");
  app.set_version_flag("--version", LABREC_VERSION);
  ServerArguments arguments;
  AddArguments(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli::ExplainUsage(app, error) ? 0 : 1;
  }
  return arguments;
}

}  // namespace labrec::mailbox
