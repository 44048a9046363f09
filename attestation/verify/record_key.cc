#include "attestation/verify/record_key.h"

#include "attestation/evidence/refusal.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"

namespace labrec::attestation {

absl::Status CheckRecordKey(const tpm::TpmtPublic& key, const tpm::TpmsNvPublic& written_index) {
  if (key.attributes != tpm::RecordKeyAttributes()) {
    return Refuse(
        RefusalReason::kKeyAttributes,
        "the record's key must be made in the TPM, fixed to it, exempt from its lockout and usable by "
        "policy alone; its attributes are others");
  }
  if (key.auth_policy != tpm::RecordKeyPolicy(written_index)) {
    return Refuse(
        RefusalReason::kKeyPolicy,
        "the policy of the record's key is not the one that makes each evaluation cost a count of the "
        "index under this client's unlock key");
  }
  tpm::TpmtPublic expected;
  expected.type = tpm::kAlgEcc;
  expected.attributes = tpm::RecordKeyAttributes();
  expected.auth_policy = tpm::RecordKeyPolicy(written_index);
  expected.scheme = {tpm::kAlgEcdh, tpm::kAlgSha256};
  expected.curve = tpm::kCurveP256;
  expected.x = key.x;
  expected.y = key.y;
  if (key != expected || !tpm::PointOf(key).ok()) {
    return Refuse(RefusalReason::kKeyAttributes, "the record's key is not a P-256 key for ECDH with SHA-256");
  }
  return absl::OkStatus();
}

}  // namespace labrec::attestation
