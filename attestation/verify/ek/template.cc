#include "attestation/verify/ek/template.h"

#include <array>

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/policy_digest.h"
#include "hsm/tpm_wire/tpms_nv_public.h"

namespace labrec::attestation {
namespace {

struct EkTemplate {
  std::string_view name;
  uint16_t type;
  uint16_t size_or_curve;  // RSA: bits; ECC: TPM_ECC_CURVE
  tpm::HashAlgorithm hash;
  uint16_t aes_bits;
};

constexpr std::array<EkTemplate, 8> kTemplates = {{
    {"L-1", tpm::kAlgRsa, 2048, tpm::HashAlgorithm::kSha256, 128},
    {"L-2", tpm::kAlgEcc, tpm::kCurveP256, tpm::HashAlgorithm::kSha256, 128},
    {"H-1", tpm::kAlgRsa, 2048, tpm::HashAlgorithm::kSha256, 128},
    {"H-2", tpm::kAlgEcc, tpm::kCurveP256, tpm::HashAlgorithm::kSha256, 128},
    {"H-3", tpm::kAlgEcc, tpm::kCurveP384, tpm::HashAlgorithm::kSha384, 256},
    {"H-4", tpm::kAlgEcc, tpm::kCurveP521, tpm::HashAlgorithm::kSha512, 256},
    {"H-6", tpm::kAlgRsa, 3072, tpm::HashAlgorithm::kSha384, 256},
    {"H-7", tpm::kAlgRsa, 4096, tpm::HashAlgorithm::kSha384, 256},
}};

constexpr uint32_t kLowRange = tpm::kObjectFixedTpm | tpm::kObjectFixedParent |
                               tpm::kObjectSensitiveDataOrigin | tpm::kObjectAdminWithPolicy |
                               tpm::kObjectRestricted | tpm::kObjectDecrypt;
constexpr uint32_t kHighRange = kLowRange | tpm::kObjectUserWithAuth;

// The policy index 0x01C07F01 of the profile, annex B.6.
constexpr uint32_t kPolicyIndexSha256 = 0x01C07F01;
constexpr uint32_t kPolicyIndexSha384 = 0x01C07F02;
constexpr uint32_t kPolicyIndexSha512 = 0x01C07F03;
constexpr uint32_t kPolicyIndexAttributes = 0x220F1008;

uint32_t PolicyIndex(tpm::HashAlgorithm algorithm) {
  if (algorithm == tpm::HashAlgorithm::kSha256) return kPolicyIndexSha256;
  return algorithm == tpm::HashAlgorithm::kSha384 ? kPolicyIndexSha384 : kPolicyIndexSha512;
}

// What the TPM would make from `pattern`, given this key's public part.
tpm::TpmtPublic AreaOf(const EkTemplate& pattern, const tpm::TpmtPublic& key) {
  const bool low = pattern.name.front() == 'L';
  tpm::TpmtPublic area;
  area.type = pattern.type;
  area.name_algorithm = pattern.hash;
  area.attributes = low ? kLowRange : kHighRange;
  area.auth_policy = low ? EkPolicyA(pattern.hash) : EkPolicyB(pattern.hash);
  area.symmetric = {tpm::kAlgAes, pattern.aes_bits, tpm::kAlgCfb};
  if (pattern.type == tpm::kAlgRsa) {
    area.key_bits = pattern.size_or_curve;
    area.exponent = key.exponent == 65537 ? 65537 : 0;  // 0 stands for 65537
  } else {
    area.curve = pattern.size_or_curve;
  }
  area.modulus = key.modulus;
  area.x = key.x;
  area.y = key.y;
  return area;
}

}  // namespace

Bytes EkPolicyA(tpm::HashAlgorithm algorithm) {
  return tpm::PolicyDigest(algorithm).Secret(tpm::NameOfHandle(tpm::kRhEndorsement), {}).digest();
}

Bytes EkPolicyB(tpm::HashAlgorithm algorithm) {
  tpm::TpmsNvPublic index;
  index.index = PolicyIndex(algorithm);
  index.name_algorithm = algorithm;
  index.attributes = kPolicyIndexAttributes;
  index.auth_policy = EkPolicyA(algorithm);
  index.data_size = static_cast<uint16_t>(2 + tpm::DigestSize(algorithm));  // a TPMT_HA
  const std::array<Bytes, 2> branches = {EkPolicyA(algorithm),
                                         tpm::PolicyDigest(algorithm).AuthorizeNv(index.Name()).digest()};
  return tpm::PolicyDigest(algorithm).Or(branches).digest();
}

std::string_view EkTemplateOf(const tpm::TpmtPublic& ek) {
  for (const EkTemplate& pattern : kTemplates) {
    if (ek == AreaOf(pattern, ek)) return pattern.name;
  }
  return {};
}

}  // namespace labrec::attestation
