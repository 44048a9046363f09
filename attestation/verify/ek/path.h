#pragma once

#include <vector>

#include <openssl/x509.h>

#include "hsm/base/openssl_ptr.h"

// A private header: it brings OpenSSL with it.
namespace labrec::attestation {

// Certificates that lead, each by the signature of the next, from an EK certificate to an anchor. The EK
// certificate itself is not among them unless it is the anchor. Somebody else owns what the pointers point
// at.
struct EkPath {
  std::vector<X509*> between;
  X509* anchor = nullptr;
};

// The ways from `ek` to one of the anchors, each ending at the first anchor that it meets. Of those that
// share a beginning the shortest comes first. Only names and signatures are looked at, neither times nor what
// a certificate is for. At most 8 ways of at most 8 certificates, from at most 64 signatures tried, whatever
// a stranger sends along.
std::vector<EkPath> PathsToAnchors(X509* ek, const std::vector<X509Ptr>& anchors,
                                   const std::vector<X509Ptr>& sent_along);

}  // namespace labrec::attestation
