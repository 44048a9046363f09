#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "attestation/verify/attest_policy.h"
#include "attestation/verify/realm_verifier.h"
#include "hsm/base/hash.h"
#include "recovery/client/base/realm_set.h"

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

// Makes the realm prove, over a fresh nonce and this TLS connection, which TPM it has and that its keys are
// in it (docs/attestation.md, "A realm that counts in its ledger"). Errors: those of the connection;
// FAILED_PRECONDITION, from the realm, where its device can prove nothing; INVALID_ARGUMENT and the refusals
// of attestation/evidence/refusal.h for evidence that does not hold; each message begins with the realm's
// name. Any thread.
absl::StatusOr<RealmAttestation> AttestRealm(const RealmSet& realms, size_t realm,
                                             const AttestDemand& demand);

// From now on no realm of the set is asked for anything before it has proven itself as the demand wants: all
// are asked to, at once. What does not prove itself, whatever it answers instead, is left out by all
// operations that follow, whose reports say why; what does is reached only by connections with the TLS key
// that it proved. The refusal of the first realm that shows what does not fit, or says that it can prove
// nothing; else OK.
absl::Status RequireProofs(const RealmSet& realms, const AttestDemand& demand);

// What a realm says of its device, which proves nothing.
struct DeviceClaims {
  std::string kind;  // "tpm2", "pkcs11"
  std::string manufacturer;
  std::string warning;  // e.g. that it is a simulator
  std::vector<std::string> claims;
};
absl::StatusOr<DeviceClaims> AskDeviceClaims(const RealmSet& realms, size_t realm);

// True if a realm answered, and what it showed, or could not show, is not what was demanded: a reason not to
// trust it, other than one not to have reached it.
bool IsRefusedRealm(const absl::Status& status);

}  // namespace labrec::recovery::client
