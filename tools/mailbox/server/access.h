#pragma once

#include <memory>
#include <string>

#include <grpcpp/server_context.h>

#include "absl/status/status.h"

#include "recovery/server/tokens/verifier.h"

namespace labrec::mailbox {

// Who may touch which mailbox. Any thread.
class Access {
 public:
  // Whoever can connect may touch every mailbox: for a Unix socket, loopback, or behind a gateway that
  // checks.
  static Access Everyone() { return Access(nullptr); }
  // The bearer of a token, the mailbox "tenant/account" of that token only.
  static Access ByToken(std::unique_ptr<recovery::TokenVerifier> tokens) { return Access(std::move(tokens)); }

  // UNAUTHENTICATED or PERMISSION_DENIED, saying why; INVALID_ARGUMENT for a name no mailbox has.
  absl::Status Check(const grpc::ServerContextBase& context, const std::string& mailbox) const;

 private:
  explicit Access(std::unique_ptr<recovery::TokenVerifier> tokens) : tokens_(std::move(tokens)) {}
  std::unique_ptr<recovery::TokenVerifier> tokens_;
};

}  // namespace labrec::mailbox
