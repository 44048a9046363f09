#include "tools/mailbox/store_address.h"

#include <string_view>

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/host_port.h"
#include "recovery/client/tokens/bearer_token.h"
#include "tools/cli/address.h"
#include "tools/mailbox/folder/folder_store.h"
#include "tools/mailbox/remote/grpc_store.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::AccountName;
using recovery::labyrinth::MessageStore;

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kClear = "grpc://";
constexpr std::string_view kTls = "grpcs://";

absl::Status CheckTarget(const GrpcStoreOptions& options, const std::string& name) {
  const auto address = cli::ParseAddress(options.target);
  if (!address.has_value()) {
    return absl::InvalidArgumentError(name +
                                      " is no address: unix:/path, grpc://host:port, grpcs://host:port");
  }
  if (options.ca_pem.has_value() || address->IsLocal()) return absl::OkStatus();
  return absl::InvalidArgumentError(name + " is not on this host: use grpcs://");
}

// The store is not trusted: it gets no token that is good anywhere else.
absl::StatusOr<std::string> StoreToken(const std::string& file) {
  LABREC_ASSIGN_OR_RETURN(const auto tokens, recovery::client::LoadBearerTokens(file));
  if (tokens.size() != 1) {
    return absl::InvalidArgumentError(file + " holds " + std::to_string(tokens.size()) +
                                      " tokens; the store takes one");
  }
  const absl::Status fits = recovery::client::CheckIsForAService(tokens.front());
  if (!fits.ok()) return absl::InvalidArgumentError(file + ": " + std::string(fits.message()));
  return tokens.front().text;
}

absl::StatusOr<GrpcStoreOptions> ServerOptions(const StoreOptions& options, const AccountName& account) {
  const std::string_view name = options.name;
  GrpcStoreOptions server;
  server.target = name;
  if (name.starts_with(kClear)) server.target = name.substr(kClear.size());
  if (name.starts_with(kTls)) {
    server.target = name.substr(kTls.size());
    server.ca_pem = "";
    if (!options.ca.empty()) {
      LABREC_ASSIGN_OR_RETURN(const Bytes pem, ReadFile(options.ca));
      server.ca_pem = ToString(pem);
    }
  }
  LABREC_RETURN_IF_ERROR(CheckTarget(server, options.name));
  // In its one form: a certificate for ::1 is one for 0:0:0:0:0:0:0:1.
  if (const auto parsed = ParseHostPort(server.target)) server.target = parsed->Text();
  if (!options.token_file.empty()) {
    LABREC_ASSIGN_OR_RETURN(server.token, StoreToken(options.token_file));
  }
  server.mailbox = options.mailbox.empty() ? account.tenant + "/" + account.account : options.mailbox;
  return server;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MessageStore>> OpenStore(const StoreOptions& options,
                                                        const AccountName& account) {
  const std::string_view name = options.name;
  if (name.empty()) return absl::InvalidArgumentError("name the message store: --store FOLDER or ADDRESS");
  const bool server = name.starts_with(kUnix) || name.find("://") != std::string::npos;
  if (!server) return FolderStore::Open(options.name);
  LABREC_ASSIGN_OR_RETURN(const GrpcStoreOptions connection, ServerOptions(options, account));
  return std::make_unique<GrpcStore>(connection);
}

}  // namespace labrec::mailbox
