#include <algorithm>
#include <array>

#include "hsm/base/encoding.h"
#include "hsm/tpm2/attest/endorsement_key.h"

namespace labrec::hsm::tpm2 {
namespace {

// "EK Credential Profile", version 2.5, annex B: the policies. A: the endorsement hierarchy's authorisation.
// B: that, or what stands in a policy index.
constexpr char kPolicyA[] = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
constexpr char kPolicyBSha256[] = "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0";
constexpr char kPolicyBSha384[] =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12";
constexpr char kPolicyBSha512[] =
    "b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a4"
    "29c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea";

constexpr TPMA_OBJECT kLowRange = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                  TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                                  TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
constexpr TPMA_OBJECT kHighRange = kLowRange | TPMA_OBJECT_USERWITHAUTH;

TPM2B_PUBLIC Restricted(TPMI_ALG_PUBLIC type, TPM2_ALG_ID hash, TPMA_OBJECT attributes, const char* policy) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = type;
  area.publicArea.nameAlg = hash;
  area.publicArea.objectAttributes = attributes;
  const Bytes digest = *FromHex(policy);
  area.publicArea.authPolicy.size = static_cast<UINT16>(digest.size());
  std::copy(digest.begin(), digest.end(), area.publicArea.authPolicy.buffer);
  TPMT_SYM_DEF_OBJECT& symmetric = area.publicArea.parameters.asymDetail.symmetric;
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = hash == TPM2_ALG_SHA256 ? 128 : 256;
  symmetric.mode.aes = TPM2_ALG_CFB;
  return area;
}

TPM2B_PUBLIC Rsa(TPM2_ALG_ID hash, TPMA_OBJECT attributes, const char* policy, UINT16 bits,
                 UINT16 unique_size) {
  TPM2B_PUBLIC area = Restricted(TPM2_ALG_RSA, hash, attributes, policy);
  area.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.parameters.rsaDetail.keyBits = bits;
  area.publicArea.unique.rsa.size = unique_size;
  return area;
}

TPM2B_PUBLIC Ecc(TPM2_ALG_ID hash, TPMA_OBJECT attributes, const char* policy, TPM2_ECC_CURVE curve,
                 UINT16 unique_size) {
  TPM2B_PUBLIC area = Restricted(TPM2_ALG_ECC, hash, attributes, policy);
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.parameters.eccDetail.curveID = curve;
  area.publicArea.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  area.publicArea.unique.ecc.x.size = unique_size;
  area.publicArea.unique.ecc.y.size = unique_size;
  return area;
}

// The low range has a `unique` of zeros, the high range an empty one.
constexpr std::array<EkTemplate, 8> kTemplates = {{
    {"L-2", 0x01C0000A, EkAuthorization::kPolicyA,
     [] { return Ecc(TPM2_ALG_SHA256, kLowRange, kPolicyA, TPM2_ECC_NIST_P256, 32); }},
    {"H-2", 0x01C00014, EkAuthorization::kAuthValue,
     [] { return Ecc(TPM2_ALG_SHA256, kHighRange, kPolicyBSha256, TPM2_ECC_NIST_P256, 0); }},
    {"H-3", 0x01C00016, EkAuthorization::kAuthValue,
     [] { return Ecc(TPM2_ALG_SHA384, kHighRange, kPolicyBSha384, TPM2_ECC_NIST_P384, 0); }},
    {"H-4", 0x01C00018, EkAuthorization::kAuthValue,
     [] { return Ecc(TPM2_ALG_SHA512, kHighRange, kPolicyBSha512, TPM2_ECC_NIST_P521, 0); }},
    {"L-1", 0x01C00002, EkAuthorization::kPolicyA,
     [] { return Rsa(TPM2_ALG_SHA256, kLowRange, kPolicyA, 2048, 256); }},
    {"H-1", 0x01C00012, EkAuthorization::kAuthValue,
     [] { return Rsa(TPM2_ALG_SHA256, kHighRange, kPolicyBSha256, 2048, 0); }},
    {"H-6", 0x01C0001C, EkAuthorization::kAuthValue,
     [] { return Rsa(TPM2_ALG_SHA384, kHighRange, kPolicyBSha384, 3072, 0); }},
    {"H-7", 0x01C0001E, EkAuthorization::kAuthValue,
     [] { return Rsa(TPM2_ALG_SHA384, kHighRange, kPolicyBSha384, 4096, 0); }},
}};

}  // namespace

std::span<const EkTemplate> EkTemplates() {
  return kTemplates;
}

}  // namespace labrec::hsm::tpm2
