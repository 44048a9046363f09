#pragma once

#include <vector>

#include <openssl/x509.h>

#include "hsm/base/openssl_ptr.h"

// A private header: it brings OpenSSL with it.
namespace labrec::attestation {

// Certificates that lead, each by the signature of the next, from an EK certificate to an anchor. The EK
// certificate itself is not among them unless it is the anchor. Pointers to certificates that somebody else
// owns.
struct EkPath {
  std::vector<X509*> between;
  X509* anchor = nullptr;
};

// The ways from `ek` to one of the anchors, each ending at the first anchor that it meets; the shortest first
// among those that share a beginning. Names and signatures are looked at, nothing else: not times, nor what a
// certificate is for. At most 8 ways of at most 8 certificates, from at most 64 signatures tried, whatever a
// stranger sends along.
std::vector<EkPath> PathsToAnchors(X509* ek, const std::vector<X509Ptr>& anchors,
                                   const std::vector<X509Ptr>& sent_along);

}  // namespace labrec::attestation
