#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/statement.h"
#include "attestation/verify/tpm_identity.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/p256.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "hsm/tpm_wire/tpms_nv_public.h"

namespace labrec::attestation {

// OK if `key` is what the record's evaluation key must be: P-256, SHA-256 Name, CountedKeyAttributes,
// CountedKeyPolicy(written_index), no symmetric algorithm, scheme ECDH with SHA-256. Refusals kKeyAttributes,
// kKeyPolicy.
absl::Status CheckRecordKey(const tpm::TpmtPublic& key, const tpm::TpmsNvPublic& written_index);

// A chip-enforced record's key and index, as proven by the AK.
struct CertifiedRecordKey {
  P256Point public_key;             // Q_rec, for the confirmation (pin/confirmation.h)
  tpm::TpmsNvPublic written_index;  // the index as it is from its first write on
};

// Third step, before the client signs the first write: the index's public area is the one that the client
// builds from its own unlock key, the key's policy is the one over that index, and the AK's TPM certified a
// key with just this public area. `nonce` is RecordStatementNonce. INVALID_ARGUMENT for what cannot be
// parsed; refusals kIndex, kKeyAttributes, kKeyPolicy, kSignature, kStale, kStatement.
absl::StatusOr<CertifiedRecordKey> CheckRecordKeyEvidence(const tpm::TpmtPublic& ak,
                                                          const RecordKeyEvidence& evidence,
                                                          const EcdsaPublicKey& unlock_key,
                                                          const Digest& nonce, Report& report);

// What the index holds (TPM2_NV_Certify of all 8 bytes): before the client signs a refill, and after it was
// made, with a fresh nonce each time. The count never goes back, so it tells every use that there ever was.
// Refusals kSignature, kStale, kStatement, kIndexContents (not all 8 bytes).
absl::StatusOr<tpm::PinCounter> ReadIndexContents(const tpm::TpmtPublic& ak,
                                                  const tpm::TpmsNvPublic& written_index,
                                                  const SignedStatement& statement, const Digest& nonce);

// Fourth step: the index holds just this count and limit. Refusals as above.
absl::Status CheckIndexContents(const tpm::TpmtPublic& ak, const tpm::TpmsNvPublic& written_index,
                                const SignedStatement& statement, const Digest& nonce,
                                const tpm::PinCounter& expected, Report& report);

// OK if no pin is given or the AK has that Name. Refusal kAttestationKey.
absl::Status CheckPinnedAk(const std::optional<Bytes>& pinned_ak_name, const tpm::TpmtPublic& ak);

}  // namespace labrec::attestation
