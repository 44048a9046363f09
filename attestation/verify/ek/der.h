#pragma once

#include <memory>

#include <openssl/x509.h>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/openssl_ptr.h"

// A private header: it brings OpenSSL with it.
namespace labrec::attestation {

using X509CrlPtr = std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>>;

// All of `der` as one X.509 certificate (RFC 5280) or certificate list. INVALID_ARGUMENT if it is none, if
// bytes are left over, or if OpenSSL would write it differently than it stands there.
absl::StatusOr<X509Ptr> ParseCertificate(ByteView der);
absl::StatusOr<X509CrlPtr> ParseRevocationList(ByteView der);

// The certified public key. INVALID_ARGUMENT if there is none. OpenSSL makes no key of one that is marked
// RSAES-OAEP (RFC 4055, section 4.1), as some vendors mark EKs; this does.
absl::StatusOr<PkeyPtr> CertifiedKey(const X509* certificate);
// True if the certified key is marked RSAES-OAEP.
bool IsOaepKey(const X509* certificate);

}  // namespace labrec::attestation
