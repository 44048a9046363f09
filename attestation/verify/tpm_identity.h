#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/ek/chain.h"
#include "attestation/verify/ek/trust.h"
#include "hsm/base/random_source.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/tpm_wire/credential.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::attestation {

// Something that was proven, and by what, in words.
struct Proof {
  std::string statement;
  std::string proven_by;
};
using Report = std::vector<Proof>;

// A TPM whose EK certificate was checked, and the AK that is said to be in it.
struct TpmIdentity {
  tpm::TpmtPublic ek;
  tpm::TpmtPublic ak;
  EkCertificateNames names;
  Report report;
};

// First step: the EK's chain (CheckEkChain), and that the AK is a restricted signing key that was made in its
// TPM and cannot leave it. That both are in one TPM is only shown by the challenge below. INVALID_ARGUMENT
// for what cannot be parsed; refusals kEndorsement*, kAttestationKey.
absl::StatusOr<TpmIdentity> CheckIdentity(const IdentityEvidence& evidence, const EkTrust& trust,
                                          int64_t now_ms);

// A secret that only the TPM with this EK can open, and only if an object with this AK's Name is in it.
struct AkChallenge {
  SecretBytes credential;    // 32 bytes; the client keeps it
  tpm::CredentialBlob blob;  // for the realm
  Bytes ek_name;
  Bytes ak_name;
};
// All that is random in it comes from `random`.
absl::StatusOr<AkChallenge> ChallengeAk(const TpmIdentity& identity,
                                        const RandomSource& random = SystemRandom);

// Second step: OK, and a line in the identity's report, if the realm gave back the challenge's secret and the
// challenge was made for these keys. Refusal kAttestationKeyBound.
absl::Status CheckActivated(const AkChallenge& challenge, ByteView activated, TpmIdentity& identity);

// OK if `area` can be an AK. Refusal kAttestationKey.
absl::Status CheckAttestationKey(const tpm::TpmtPublic& area);

}  // namespace labrec::attestation
