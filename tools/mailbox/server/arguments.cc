#include "tools/mailbox/server/arguments.h"

#include "tools/cli/command_line.h"

namespace labrec::mailbox {
namespace {

void AddArguments(const cli::Command& program, ServerArguments& arguments) {
  program.AddOption("--database", arguments.database, "The SQLite file, which is made").Required();
  program.AddOption("--listen", arguments.listen, "unix:/path or host:port").Required();
  const cli::Option certificate =
      program.AddOption("--tls-certificate", arguments.certificate, "PEM chain, the server's own first");
  const cli::Option key = program.AddOption("--tls-key", arguments.key, "PEM private key, mode 0600");
  certificate.Needs(key);
  key.Needs(certificate);
  const cli::Option jwks =
      program.AddOption("--jwks", arguments.tokens.jwks, "Public keys of the platform's tokens");
  const cli::Option tenant = program.AddOption("--tenant", arguments.tokens.name, "The tokens' issuer");
  const cli::Option audience = program.AddOption("--audience", arguments.audience, "The tokens' audience");
  jwks.Needs(tenant).Needs(audience);
  tenant.Needs(jwks);
  audience.Needs(jwks);
}

}  // namespace

std::variant<ServerArguments, int> ParseArguments(int argc, char** argv) {
  cli::CommandLine line("A message store for labyrinth-mailbox. See labyrinth-mailboxd(8).",
                        "labyrinth-mailboxd", LABREC_VERSION);
  line.SetExamples(
      "Examples:\n"
      "  labyrinth-mailboxd --database mailboxes.db --listen unix:/run/labyrinth/mailboxd.sock\n"
      "  labyrinth-mailboxd --database mailboxes.db --listen 0.0.0.0:7443 --tls-certificate tls.pem \\\n"
      "    --tls-key tls.key --jwks chat.jwks --tenant chat --audience mailboxes.example\n");
  ServerArguments arguments;
  AddArguments(line.root(), arguments);
  const cli::CommandLine::Outcome outcome = line.Parse(argc, argv);
  if (outcome == cli::CommandLine::Outcome::kRun) return arguments;
  return outcome == cli::CommandLine::Outcome::kAskedFor ? 0 : 1;
}

}  // namespace labrec::mailbox
