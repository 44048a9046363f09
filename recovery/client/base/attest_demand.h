#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attestation/verify/attest_policy.h"
#include "attestation/verify/realm_verifier.h"
#include "hsm/base/hash.h"

namespace labrec::recovery::client {

// What a client wants of a realm's TPM.
struct AttestDemand {
  // Whom it believes. Without it the certificate of the realm's endorsement key is taken as it is: all the
  // rest is checked, but nothing is proven, as anybody can make such a certificate.
  std::optional<attestation::AttestPolicy> policy;
  std::optional<Bytes> pinned_ak_name;  // where the client met this realm before
  int64_t now_ms = 0;                   // Unix milliseconds
};

struct RealmAttestation {
  attestation::VerifiedRealm verified;
  bool endorsed = false;  // by a root of the demand's policy; if not, nothing is proven
  Bytes ek_certificate;   // DER
  Digest tls_key_hash{};  // of the connection that all of it is bound to
};

// What a realm says of its device, which proves nothing.
struct DeviceClaims {
  std::string kind;  // "tpm2", "pkcs11"
  std::string manufacturer;
  std::string warning;  // e.g. that it is a simulator
  std::vector<std::string> claims;
};

}  // namespace labrec::recovery::client
