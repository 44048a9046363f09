// labyrinth-mailboxd: a message store for several clients, as an example of a storage server.
// labyrinth-mailboxd(8), docs/labyrinth.md.

#include <csignal>
#include <memory>
#include <string>
#include <variant>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/tls13.h"
#include "recovery/server/transport/rpc_server.h"
#include "tools/cli/address.h"
#include "tools/cli/program.h"
#include "tools/mailbox/server/arguments.h"
#include "tools/mailbox/server/mailbox_service.h"

namespace labrec::mailbox {
namespace {

constexpr std::chrono::seconds kDrain{5};

absl::StatusOr<recovery::ListenOptions> Listening(const ServerArguments& arguments) {
  const auto address = cli::ParseAddress(arguments.listen);
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

// Whoever takes a realm's tokens could use them at that realm.
absl::Status CheckAudience(const std::string& audience) {
  if (audience.size() != 32 || !FromHex(audience).ok()) return absl::OkStatus();
  return absl::InvalidArgumentError("--audience " + audience +
                                    " is a recovery realm's id: give this server a name of its own");
}

absl::StatusOr<Access> AccessFor(const ServerArguments& arguments) {
  if (arguments.tokens.name.empty()) return Access::Everyone();
  LABREC_RETURN_IF_ERROR(CheckAudience(arguments.audience));
  LABREC_ASSIGN_OR_RETURN(
      auto tokens, recovery::TokenVerifier::Create({arguments.tokens}, arguments.audience, SystemClock(),
                                                   recovery::TokenLimits()));
  return Access::ByToken(std::move(tokens));
}

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

absl::Status Serve(const ServerArguments& arguments) {
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

int Main(int argc, char** argv) {
  umask(077);
  recovery::RequireTls13();
  // Every thread inherits this: signals are taken by Serve alone.
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const std::variant<ServerArguments, int> parsed = ParseArguments(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  spdlog::set_default_logger(spdlog::stderr_logger_mt("labyrinth-mailboxd"));
  const absl::Status status = Serve(std::get<ServerArguments>(parsed));
  if (status.ok()) return 0;
  spdlog::critical("{}", std::string(status.message()));
  return 1;
}

}  // namespace
}  // namespace labrec::mailbox

int main(int argc, char** argv) {
  return labrec::cli::RunProgram({"labyrinth-mailboxd", 1, 1}, argc, argv, labrec::mailbox::Main);
}
