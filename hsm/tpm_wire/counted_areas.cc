#include "hsm/tpm_wire/counted_areas.h"

#include "attestation/verify/refusal.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/policy_digest.h"

namespace labrec::attestation {
namespace {

constexpr uint16_t kPinCounterSize = 8;  // TPMS_NV_PIN_COUNTER_PARAMETERS (Part 2, section 13.3)

}  // namespace

TpmtPublic ExternalKeyArea(const EcdsaPublicKey& key) {
  TpmtPublic area;
  area.type = kAlgEcc;
  area.attributes = kObjectSign;
  area.scheme = {kAlgEcdsa, kAlgSha256};
  area.curve = kCurveP256;
  area.x = ToBytes(key.point().x());
  area.y = ToBytes(key.point().y());
  return area;
}

Bytes IndexPolicy(const EcdsaPublicKey& unlock_key) {
  return PolicyDigest(HashAlgorithm::kSha256)
      .Signed(ExternalKeyArea(unlock_key).Name(), {})
      .CommandCode(kCcNvWrite)
      .digest();
}

TpmsNvPublic RecordIndexArea(uint32_t handle, const EcdsaPublicKey& unlock_key, Written written) {
  TpmsNvPublic area;
  area.index = handle;
  area.attributes = (kNtPinPass << kNvTypeShift) | kNvPolicyWrite | kNvOwnerRead | kNvNoDa | kNvWriteAll;
  if (written == Written::kYes) area.attributes |= kNvWritten;
  area.auth_policy = IndexPolicy(unlock_key);
  area.data_size = kPinCounterSize;
  return area;
}

Bytes RecordKeyPolicy(const TpmsNvPublic& written_index) {
  return PolicyDigest(HashAlgorithm::kSha256)
      .Secret(written_index.Name(), {})
      .CommandCode(kCcEcdhZGen)
      .digest();
}

uint32_t RecordKeyAttributes() {
  return kObjectFixedTpm | kObjectFixedParent | kObjectSensitiveDataOrigin | kObjectNoDa | kObjectDecrypt;
}

absl::Status CheckRecordKey(const TpmtPublic& key, const TpmsNvPublic& written_index) {
  if (key.attributes != RecordKeyAttributes()) {
    return Refuse(
        RefusalReason::kKeyAttributes,
        "the record's key must be made in the TPM, fixed to it, exempt from its lockout and usable by "
        "policy alone; its attributes are others");
  }
  if (key.auth_policy != RecordKeyPolicy(written_index)) {
    return Refuse(
        RefusalReason::kKeyPolicy,
        "the policy of the record's key is not the one that makes each evaluation cost a count of the "
        "index under this client's unlock key");
  }
  TpmtPublic expected;
  expected.type = kAlgEcc;
  expected.attributes = RecordKeyAttributes();
  expected.auth_policy = RecordKeyPolicy(written_index);
  expected.scheme = {kAlgEcdh, kAlgSha256};
  expected.curve = kCurveP256;
  expected.x = key.x;
  expected.y = key.y;
  if (key != expected || !PointOf(key).ok()) {
    return Refuse(RefusalReason::kKeyAttributes, "the record's key is not a P-256 key for ECDH with SHA-256");
  }
  return absl::OkStatus();
}

}  // namespace labrec::attestation
