#pragma once

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace grpc {
class ServerCredentials;
}  // namespace grpc

namespace labrec::recovery {

// Where a server's TLS identity lies: a PEM certificate chain, leaf first, and its PEM private key (mode
// 0600).
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path private_key;
};

// OK if both files can be read and the key is that of the first certificate; FAILED_PRECONDITION if not.
absl::Status CheckTlsFiles(const TlsFiles& files);

// Credentials that read the files again when they change (at most a minute later): certificates are renewed
// without a restart. FAILED_PRECONDITION if a file cannot be read, the key fits no certificate, or
// RequireTls13 (recovery/api/tls13.h) was not called.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Tls13Credentials(const TlsFiles& files);

}  // namespace labrec::recovery
