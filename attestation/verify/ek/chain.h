#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/ek/trust.h"
#include "hsm/base/hash.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::attestation {

// What an EK certificate says of its TPM (TCG EK Credential Profile, section 3.2.9). Empty where it says
// nothing.
struct EkCertificateNames {
  std::string manufacturer;  // "id:49465800 (IFX)"
  std::string model;
  std::string version;
  // The anchor that the chain ends in: its subject, and the SHA-256 of its DER form, as a subject names many.
  std::string trusted_by;
  Digest anchor_hash{};
};

// Checks the certificate chain of an endorsement key at this time (Unix milliseconds):
// - it leads to a certificate of `trust`, by signatures of at least 112 bits of strength, all in it are valid
// at
//   that time, none is revoked (RFC 5280, section 6). Intermediate certificates that it does not need are not
//   looked at;
// - critical extensions: those that OpenSSL handles, and in the EK certificate also
//   subjectDirectoryAttributes, where TCG puts the TPM's specification, which restricts nothing;
// - it is an EK certificate: no CA; extended key usage, where given, has tcg-kp-EKCertificate (2.23.133.8.1),
//   and where not given, the names are a TPM's; key usage, where given, is encipherment or agreement;
// - the certified key is the one of `ek`, and `ek` was made from a template of TCG's profile.
// INVALID_ARGUMENT for malformed certificates; refusals kEndorsementChain, -Time, -Revoked, -Key. Any thread.
absl::StatusOr<EkCertificateNames> CheckEkChain(const IdentityEvidence& identity, const tpm::TpmtPublic& ek,
                                                const EkTrust& trust, int64_t now_ms);

}  // namespace labrec::attestation
