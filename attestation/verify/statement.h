#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "hsm/base/hash.h"
#include "hsm/tpm_wire/tpms_attest.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::attestation {

// What the AK's TPM said, if the signature is the AK's and the statement carries `nonce` as its qualifying
// data. `what` names the statement in refusals. INVALID_ARGUMENT for what cannot be parsed; refusals
// kSignature, kStale.
absl::StatusOr<tpm::TpmsAttest> OpenStatement(const tpm::TpmtPublic& ak, const SignedStatement& statement,
                                              ByteView nonce, std::string_view what);

// OK if the statement says that the object with this Name was created by the TPM (TPM2_CertifyCreation), or
// is loaded in it with its private part (TPM2_Certify). With fixedTPM and sensitiveDataOrigin in the Name
// both mean that the key is in this TPM and nowhere else. Refusal kStatement.
absl::Status CheckCertifies(const tpm::TpmsAttest& attest, ByteView name, std::string_view what);

// The nonces (qualifyingData) of our exchanges. `nonce` is 32 fresh random bytes of the client; what is
// hashed with them keeps one realm's chip from answering for another, and one record's statement from passing
// for another's. docs/attestation.md has the bytes. Each abort if `nonce` has another size or a name is over
// 65535 bytes.
struct RecordName {
  Bytes realm_id;
  std::string tenant;
  std::string account;
  std::string record;
  uint32_t version = 0;
};
Digest RecordStatementNonce(const RecordName& record, ByteView nonce);
// `tls_key_hash` is SHA-256 of the SubjectPublicKeyInfo of the realm's TLS certificate.
Digest RealmStatementNonce(ByteView realm_id, const Digest& tls_key_hash, ByteView nonce);

}  // namespace labrec::attestation
