#pragma once

#include <filesystem>
#include <memory>

#include <grpcpp/security/server_credentials.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labrec::recovery {

// Where a server's TLS identity lies: a PEM certificate chain, leaf first, and its PEM private key (mode
// 0600).
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path private_key;
};

// Makes TLS 1.3 the only version any gRPC server of this process speaks. gRPC 1.51 offers versions 1.2
// and 1.3 and no public way to choose. It does take a list of cipher suites for versions up to 1.2: this sets
// it to one suite that needs a pre-shared key. Nobody has one, so that a handshake below 1.3 always fails,
// while the suites of 1.3 are a list of their own. Call it in main, before the first use of gRPC and before
// threads.
void AllowOnlyTls13();

// Credentials that read the files again when they change (at most a minute later): certificates are renewed
// without a restart. FAILED_PRECONDITION if a file cannot be read, the key fits no certificate, or
// AllowOnlyTls13 was not called.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Tls13Credentials(const TlsFiles& files);

}  // namespace labrec::recovery
