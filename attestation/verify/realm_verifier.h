#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/attest_policy.h"
#include "attestation/verify/statement.h"
#include "attestation/verify/tpm_identity.h"
#include "hsm/base/p256.h"

namespace labrec::attestation {

// What a client knows by itself about a realm that counts in its ledger.
struct RealmExpectation {
  AttestPolicy policy;
  int64_t now_ms = 0;
  std::optional<Bytes> pinned_ak_name;
  Digest nonce;              // RealmStatementNonce: binds the statements to the TLS connection's key
  P256Point evaluation_key;  // that GetRealm names
};

struct VerifiedRealm {
  TpmIdentity identity;
  std::optional<uint64_t> firmware_version;  // where it can be told
  Report report;                             // all that is proven, in the order of the checks
};

// Checks, in this order: EK chain, AK form and pin, AK bound to EK, evaluation key and derivation key (made
// in the TPM, fixed to it, certified; under PcrApprovalPolicy where the policy names an approver), quote
// (PCRs, firmware). All statements carry `nonce`. What this does not prove: that the host counts.
// INVALID_ARGUMENT for what cannot be parsed; refusals of the steps, kPcr, kFirmware, kWrongKey.
absl::StatusOr<VerifiedRealm> VerifyRealm(const RealmExpectation& expectation, const AkChallenge& challenge,
                                          const RealmEvidence& evidence);

// True if this statement's signer is in the endorsement hierarchy, as a primary key or under this EK: then
// the TPM does not obscure the firmware version (Part 1, section 36.7).
bool TellsFirmware(const tpm::TpmsAttest& attest, const TpmIdentity& identity);

}  // namespace labrec::attestation
