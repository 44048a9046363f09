#include "hsm/tpm_wire/counted_areas.h"

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/policy_digest.h"

namespace labrec::tpm {
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

Bytes CountingIndexPolicy(const EcdsaPublicKey& unlock_key) {
  return PolicyDigest(HashAlgorithm::kSha256)
      .Signed(ExternalKeyArea(unlock_key).Name(), {})
      .CommandCode(kCcNvWrite)
      .digest();
}

TpmsNvPublic CountingIndexArea(uint32_t handle, const EcdsaPublicKey& unlock_key, Written written) {
  TpmsNvPublic area;
  area.index = handle;
  area.attributes = (kNtPinPass << kNvTypeShift) | kNvPolicyWrite | kNvOwnerRead | kNvNoDa;
  if (written == Written::kYes) area.attributes |= kNvWritten;
  area.auth_policy = CountingIndexPolicy(unlock_key);
  area.data_size = kPinCounterSize;
  return area;
}

Bytes CountedKeyPolicy(const TpmsNvPublic& written_index) {
  return PolicyDigest(HashAlgorithm::kSha256)
      .Secret(written_index.Name(), {})
      .CommandCode(kCcEcdhZGen)
      .digest();
}

uint32_t CountedKeyAttributes() {
  return kObjectFixedTpm | kObjectFixedParent | kObjectSensitiveDataOrigin | kObjectNoDa | kObjectDecrypt;
}

}  // namespace labrec::tpm
