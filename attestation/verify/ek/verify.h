#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/x509.h>

#include "absl/status/status.h"

#include "attestation/evidence/refusal.h"
#include "attestation/verify/ek/path.h"
#include "attestation/verify/ek/trust.h"

// A private header: it brings OpenSSL with it.
namespace labrec::attestation {

// A certificate's subject for messages; in words where there is none, as EK certificates often have none.
std::string Described(const X509* certificate);

// The refusal of a chain, because of this certificate in it.
absl::Status Untrusted(RefusalReason reason, std::string_view why, const X509* at);

// OK if this way from the EK certificate to an anchor is to be trusted at this time (Unix milliseconds), by
// RFC 5280, section 6. Of `trust` the revocation lists count, not the anchors. Signatures have at least 112
// bits of strength. Refusals kEndorsementChain, -Time, -Revoked. Any thread.
absl::Status VerifyPath(X509* certificate, const EkPath& path, const EkTrust& trust, int64_t now_ms);

}  // namespace labrec::attestation
