// labyrinth-mailboxd: a message store for several clients, as an example of a storage server.
// labyrinth-mailboxd(8), docs/labyrinth.md.

#include <csignal>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "hsm/base/clock.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/tls13.h"
#include "recovery/server/transport/rpc_server.h"
#include "tools/cli/address.h"
#include "tools/cli/usage_error.h"
#include "tools/mailbox/server/mailbox_service.h"

namespace labrec::mailbox {
namespace {

constexpr std::chrono::seconds kDrain{5};
constexpr size_t kCachedTokens = 1U << 16;

struct Arguments {
  std::string database;
  std::string listen;
  std::string certificate;
  std::string key;
  recovery::Tenant tokens;  // name empty: none are asked for
  std::string audience;
};

absl::StatusOr<recovery::ListenOptions> Listening(const Arguments& arguments) {
  const auto address = recoveryd::ParseAddress(arguments.listen);
  if (!address.has_value()) {
    return absl::InvalidArgumentError("--listen takes unix:/path or host:port, not " + arguments.listen);
  }
  if (!address->IsLocal() && (arguments.certificate.empty() || arguments.tokens.name.empty())) {
    return absl::FailedPreconditionError(
        "others can reach " + arguments.listen +
        ": give --tls-certificate and --tls-key, and --jwks, --tenant and --audience");
  }
  recovery::ListenOptions listen;
  listen.address = arguments.listen;
  if (!arguments.certificate.empty()) listen.tls = recovery::TlsFiles{arguments.certificate, arguments.key};
  return listen;
}

absl::StatusOr<Access> AccessFor(const Arguments& arguments) {
  if (arguments.tokens.name.empty()) return Access::Everyone();
  LABREC_ASSIGN_OR_RETURN(
      auto tokens, recovery::TokenVerifier::Create({arguments.tokens}, {arguments.audience}, SystemClock(),
                                                   kCachedTokens));
  return Access::ByToken(std::move(tokens));
}

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

absl::Status Serve(const Arguments& arguments) {
  LABREC_ASSIGN_OR_RETURN(const recovery::ListenOptions listen, Listening(arguments));
  LABREC_ASSIGN_OR_RETURN(const Access access, AccessFor(arguments));
  LABREC_ASSIGN_OR_RETURN(const auto database, MailboxDatabase::Open(arguments.database));
  MailboxService service(*database, access);
  recovery::ServerLimits limits;
  limits.max_message_bytes = kMostCallBytes;
  LABREC_ASSIGN_OR_RETURN(const auto server, recovery::RpcServer::Listen(listen, limits, service));
  server->SetHealthy(true);
  spdlog::info("serving on {}", arguments.listen);
  const sigset_t signals = Signals();
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping");
  server->Drain(kDrain);
  return absl::OkStatus();
}

void AddArguments(CLI::App& app, Arguments& arguments) {
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

int Main(int argc, char** argv) {
  CLI::App app("A message store for labyrinth-mailbox. See labyrinth-mailboxd(8).", "labyrinth-mailboxd");
  app.set_version_flag("--version", LABREC_VERSION);
  Arguments arguments;
  AddArguments(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExplainUsage(app, error) ? 0 : 1;
  }
  spdlog::set_default_logger(spdlog::stderr_logger_mt("labyrinth-mailboxd"));
  const absl::Status status = Serve(arguments);
  if (status.ok()) return 0;
  spdlog::critical("{}", std::string(status.message()));
  return 1;
}

}  // namespace
}  // namespace labrec::mailbox

int main(int argc, char** argv) {
  labrec::ForbidCoreDumps();
  umask(077);
  labrec::recovery::RequireTls13();
  // Every thread inherits this: signals are taken by Serve alone.
  const sigset_t signals = labrec::mailbox::Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return labrec::mailbox::Main(argc, argv);
}
