#include "hsm/tpm2/link/public_area.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <tss2/tss2_mu.h>

namespace labrec::hsm::tpm2 {
namespace {

// What all our keys have in common: the key stays in this TPM, its secret comes from this TPM, and wrong
// authorisations do not count towards the lockout of the whole chip (else power losses alone would lock it).
constexpr TPMA_OBJECT kOurs = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                              TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;

TPM2B_PUBLIC EccTemplate(TPMA_OBJECT attributes) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_ECC;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = attributes;
  area.publicArea.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  area.publicArea.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
  area.publicArea.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  return area;
}

TPM2B_NV_PUBLIC NvTemplate(uint32_t index, TPM2_NT type, size_t size) {
  TPM2B_NV_PUBLIC area{};
  area.nvPublic.nvIndex = index;
  area.nvPublic.nameAlg = TPM2_ALG_SHA256;
  area.nvPublic.attributes = (static_cast<TPMA_NV>(type) << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_AUTHREAD |
                             TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
  area.nvPublic.dataSize = static_cast<UINT16>(size);
  return area;
}

TPM2B_ECC_PARAMETER Coordinate(ByteView bytes) {
  TPM2B_ECC_PARAMETER coordinate{};
  coordinate.size = static_cast<UINT16>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), coordinate.buffer);
  return coordinate;
}

absl::StatusOr<std::array<uint8_t, 32>> Padded(const TPM2B_ECC_PARAMETER& coordinate) {
  std::array<uint8_t, 32> padded{};
  if (coordinate.size > padded.size())
    return absl::DataLossError("the TPM gave a coordinate of over 32 bytes");
  std::copy_n(coordinate.buffer, coordinate.size, padded.end() - coordinate.size);
  return padded;
}

void Require(TSS2_RC rc) {
  if (rc != TSS2_RC_SUCCESS) std::abort();
}

}  // namespace

TPM2B_PUBLIC StorageKeyTemplate() {
  TPM2B_PUBLIC area = EccTemplate(kOurs | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT);
  area.publicArea.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_AES;
  area.publicArea.parameters.eccDetail.symmetric.keyBits.aes = 128;
  area.publicArea.parameters.eccDetail.symmetric.mode.aes = TPM2_ALG_CFB;
  area.publicArea.unique.ecc.x = Coordinate(Bytes(32, 0));
  area.publicArea.unique.ecc.y = Coordinate(Bytes(32, 0));
  return area;
}

TPM2B_PUBLIC EvaluationKeyTemplate() {
  TPM2B_PUBLIC area = EccTemplate(kOurs | TPMA_OBJECT_DECRYPT);
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDH;
  area.publicArea.parameters.eccDetail.scheme.details.ecdh.hashAlg = TPM2_ALG_SHA256;
  return area;
}

TPM2B_PUBLIC HmacKeyTemplate() {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_KEYEDHASH;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kOurs | TPMA_OBJECT_SIGN_ENCRYPT;
  area.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_HMAC;
  area.publicArea.parameters.keyedHashDetail.scheme.details.hmac.hashAlg = TPM2_ALG_SHA256;
  return area;
}

TPM2B_PUBLIC UnderPolicy(TPM2B_PUBLIC area, ByteView policy) {
  if (policy.size() > sizeof area.publicArea.authPolicy.buffer) std::abort();
  area.publicArea.objectAttributes &= ~TPMA_OBJECT_USERWITHAUTH;
  area.publicArea.authPolicy.size = static_cast<UINT16>(policy.size());
  std::copy(policy.begin(), policy.end(), area.publicArea.authPolicy.buffer);
  return area;
}

TPM2B_NV_PUBLIC CounterTemplate(uint32_t index) {
  return NvTemplate(index, TPM2_NT_COUNTER, sizeof(uint64_t));
}

TPM2B_NV_PUBLIC ClaimTemplate(uint32_t index, size_t size) {
  return NvTemplate(index, TPM2_NT_ORDINARY, size);
}

bool MadeFrom(const TPM2B_PUBLIC& area, const TPM2B_PUBLIC& pattern) {
  if (area.publicArea.type != pattern.publicArea.type) return false;
  TPM2B_PUBLIC a = area;
  TPM2B_PUBLIC b = pattern;
  a.size = b.size = 0;
  a.publicArea.unique = TPMU_PUBLIC_ID{};
  b.publicArea.unique = TPMU_PUBLIC_ID{};
  return Marshal(a) == Marshal(b);
}

bool IsStorageKey(const TPM2B_PUBLIC& area) {
  const TPMT_PUBLIC& key = area.publicArea;
  constexpr TPMA_OBJECT kNeeded = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                  TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                  TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT | TPMA_OBJECT_NODA;
  const bool ecc = key.type == TPM2_ALG_ECC && key.parameters.eccDetail.curveID == TPM2_ECC_NIST_P256;
  const bool rsa = key.type == TPM2_ALG_RSA && key.parameters.rsaDetail.keyBits >= 2048;
  return (ecc || rsa) && key.nameAlg == TPM2_ALG_SHA256 && (key.objectAttributes & kNeeded) == kNeeded &&
         (key.objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) == 0;
}

absl::StatusOr<P256Point> PublicPointOf(const TPM2B_PUBLIC& area) {
  if (area.publicArea.type != TPM2_ALG_ECC) return absl::DataLossError("the key is no ECC key");
  return FromTpm(area.publicArea.unique.ecc);
}

absl::StatusOr<P256Point> FromTpm(const TPMS_ECC_POINT& point) {
  const auto x = Padded(point.x);
  const auto y = Padded(point.y);
  if (!x.ok()) return x.status();
  if (!y.ok()) return y.status();
  absl::StatusOr<P256Point> parsed = P256Point::FromAffine(*x, *y);
  if (!parsed.ok()) return absl::DataLossError("the TPM gave a point that is not on the curve P-256");
  return parsed;
}

TPM2B_ECC_POINT ToTpm(const P256Point& point) {
  TPM2B_ECC_POINT out{};
  out.point.x = Coordinate(point.x());
  out.point.y = Coordinate(point.y());
  return out;
}

Bytes Marshal(const TPM2B_PUBLIC& area) {
  Bytes out(sizeof area);
  size_t size = 0;
  Require(Tss2_MU_TPM2B_PUBLIC_Marshal(&area, out.data(), out.size(), &size));
  out.resize(size);
  return out;
}

Bytes Marshal(const TPM2B_PRIVATE& area) {
  Bytes out(sizeof area);
  size_t size = 0;
  Require(Tss2_MU_TPM2B_PRIVATE_Marshal(&area, out.data(), out.size(), &size));
  out.resize(size);
  return out;
}

absl::StatusOr<TPM2B_PUBLIC> UnmarshalPublic(ByteView bytes) {
  TPM2B_PUBLIC area{};
  size_t offset = 0;
  if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(bytes.data(), bytes.size(), &offset, &area) != TSS2_RC_SUCCESS ||
      offset != bytes.size()) {
    return absl::InvalidArgumentError("not a marshalled TPM2B_PUBLIC");
  }
  return area;
}

absl::StatusOr<TPM2B_PRIVATE> UnmarshalPrivate(ByteView bytes) {
  TPM2B_PRIVATE area{};
  size_t offset = 0;
  if (Tss2_MU_TPM2B_PRIVATE_Unmarshal(bytes.data(), bytes.size(), &offset, &area) != TSS2_RC_SUCCESS ||
      offset != bytes.size()) {
    return absl::InvalidArgumentError("not a marshalled TPM2B_PRIVATE");
  }
  return area;
}

}  // namespace labrec::hsm::tpm2
