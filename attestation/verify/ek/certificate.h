#pragma once

#include <openssl/x509.h>

#include "absl/status/status.h"

#include "attestation/verify/ek/chain.h"

// A private header: it brings OpenSSL with it.
namespace labrec::attestation {

// Manufacturer, model and version in the subjectAltName's directory names.
EkCertificateNames NamesIn(const X509* certificate);

// OK if it is a certificate for endorsement keys; see CheckEkChain. Refusal kEndorsementChain.
absl::Status CheckEkUsage(const X509* certificate);

// True if every critical extension is one that OpenSSL handles or, as an exception,
// subjectDirectoryAttributes.
bool OnlyKnownCriticalExtensions(const X509* certificate);

}  // namespace labrec::attestation
