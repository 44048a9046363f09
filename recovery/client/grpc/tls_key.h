#pragma once

#include <memory>
#include <string>

#include <grpcpp/security/credentials.h>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"

namespace labrec::recovery::client {

// SHA-256 of the SubjectPublicKeyInfo of a certificate (PEM): which TLS key a server has. INVALID_ARGUMENT if
// it is no certificate.
absl::StatusOr<Digest> TlsKeyHashOf(const std::string& certificate_pem);

// Credentials for connections to a server of these issuers and of this TLS key: with any other, the handshake
// fails, before a request is sent.
std::shared_ptr<grpc::ChannelCredentials> PinnedTls(const std::string& ca_pem, const Digest& key_hash);

}  // namespace labrec::recovery::client
