#include "tests/fault/counted/attacker.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/cp_hash.h"

namespace labrec::hsm::attack {
namespace {

void Require(TSS2_RC rc, const char* what) {
  if (rc != TSS2_RC_SUCCESS) throw std::runtime_error(std::string(what) + ": " + std::to_string(rc));
}

TPM2B_PUBLIC EccKey(TPMA_OBJECT attributes) {
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

// TCG's storage root key, as the service wraps its keys with.
TPM2B_PUBLIC StorageRootKey() {
  TPM2B_PUBLIC area =
      EccKey(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
             TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT);
  area.publicArea.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_AES;
  area.publicArea.parameters.eccDetail.symmetric.keyBits.aes = 128;
  area.publicArea.parameters.eccDetail.symmetric.mode.aes = TPM2_ALG_CFB;
  area.publicArea.unique.ecc.x.size = 32;
  area.publicArea.unique.ecc.y.size = 32;
  return area;
}

TPMT_SIGNATURE Marshalled(const std::array<uint8_t, 64>& r_and_s) {
  TPMT_SIGNATURE out{};
  out.sigAlg = TPM2_ALG_ECDSA;
  out.signature.ecdsa.hash = TPM2_ALG_SHA256;
  Fill(out.signature.ecdsa.signatureR, ByteView(r_and_s).first(32));
  Fill(out.signature.ecdsa.signatureS, ByteView(r_and_s).last(32));
  return out;
}

ESYS_TR CreatePrimary(ESYS_CONTEXT* esys, const TPM2B_PUBLIC& area) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  ESYS_TR key = ESYS_TR_NONE;
  Require(Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                             &area, &outside, &pcrs, &key, nullptr, nullptr, nullptr, nullptr),
          "CreatePrimary");
  return key;
}

bool SamePoint(const TPMS_ECC_POINT& a, const TPMS_ECC_POINT& b) {
  return a.x.size == b.x.size && a.y.size == b.y.size && std::memcmp(a.x.buffer, b.x.buffer, a.x.size) == 0 &&
         std::memcmp(a.y.buffer, b.y.buffer, a.y.size) == 0;
}

}  // namespace

Attacker::Attacker(const std::string& tcti) {
  Require(Tss2_TctiLdr_Initialize(tcti.c_str(), &tcti_), "TCTI");
  Require(Esys_Initialize(&esys_, tcti_, nullptr), "ESAPI");
}

Attacker::~Attacker() {
  Esys_Finalize(&esys_);
  Tss2_TctiLdr_Finalize(&tcti_);
}

ESYS_TR Attacker::StorageKey() {
  return CreatePrimary(esys_, StorageRootKey());
}

ESYS_TR Attacker::Load(const CountedKey& key) {
  TPM2B_PUBLIC public_area{};
  TPM2B_PRIVATE private_area{};
  size_t offset = 0;
  const Bytes sized = Writer().Lp(key.key_public).bytes();
  Require(Tss2_MU_TPM2B_PUBLIC_Unmarshal(sized.data(), sized.size(), &offset, &public_area), "public");
  offset = 0;
  Require(
      Tss2_MU_TPM2B_PRIVATE_Unmarshal(key.key_private.data(), key.key_private.size(), &offset, &private_area),
      "private");
  const ESYS_TR parent = StorageKey();
  ESYS_TR loaded = ESYS_TR_NONE;
  const TSS2_RC rc = Esys_Load(esys_, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &private_area,
                               &public_area, &loaded);
  Flush(parent);
  return rc == TSS2_RC_SUCCESS ? loaded : ESYS_TR_NONE;
}

ESYS_TR Attacker::MakeKey(const Bytes& policy, TPMA_OBJECT more_attributes) {
  return MakeKeyWith(policy, TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | more_attributes);
}

ESYS_TR Attacker::MakeMovableKey(const Bytes& policy) {
  return MakeKeyWith(policy, 0);
}

ESYS_TR Attacker::MakeKeyWith(const Bytes& policy, TPMA_OBJECT attributes) {
  TPM2B_PUBLIC area =
      EccKey(TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_NODA | TPMA_OBJECT_DECRYPT | attributes);
  area.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDH;
  area.publicArea.parameters.eccDetail.scheme.details.ecdh.hashAlg = TPM2_ALG_SHA256;
  Fill(area.publicArea.authPolicy, policy);
  return CreatePrimary(esys_, area);
}

ESYS_TR Attacker::Index(uint32_t handle) {
  ESYS_TR index = ESYS_TR_NONE;
  const TSS2_RC rc = Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index);
  return rc == TSS2_RC_SUCCESS ? index : ESYS_TR_NONE;
}

ESYS_TR Attacker::DefineAs(ESYS_TR hierarchy, const tpm::TpmsNvPublic& area) {
  const Bytes bytes = area.Marshal();
  TPM2B_NV_PUBLIC in{};
  size_t offset = 0;
  Require(Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(bytes.data(), bytes.size(), &offset, &in.nvPublic), "area");
  const TPM2B_AUTH auth{};
  ESYS_TR index = ESYS_TR_NONE;
  const TSS2_RC rc =
      Esys_NV_DefineSpace(esys_, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &auth, &in, &index);
  return rc == TSS2_RC_SUCCESS ? index : ESYS_TR_NONE;
}

TSS2_RC Attacker::Undefine(uint32_t handle) {
  return Esys_NV_UndefineSpace(esys_, ESYS_TR_RH_OWNER, Index(handle), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE);
}

ESYS_TR Attacker::Session(TPM2_SE type) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_NULL;
  ESYS_TR session = ESYS_TR_NONE;
  Require(Esys_StartAuthSession(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                nullptr, type, &symmetric, TPM2_ALG_SHA256, &session),
          "StartAuthSession");
  Require(Esys_TRSess_SetAttributes(esys_, session, TPMA_SESSION_CONTINUESESSION, 0xFF), "attributes");
  return session;
}

Bytes Attacker::NonceOf(ESYS_TR session) {
  TPM2B_NONCE* nonce = nullptr;
  Require(Esys_TRSess_GetNonceTPM(esys_, session, &nonce), "nonceTPM");
  const Bytes bytes(nonce->buffer, nonce->buffer + nonce->size);
  Esys_Free(nonce);
  return bytes;
}

void Attacker::Flush(ESYS_TR handle) {
  (void)Esys_FlushContext(esys_, handle);
}

TSS2_RC Attacker::CommandCode(ESYS_TR session, TPM2_CC code) {
  return Esys_PolicyCommandCode(esys_, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, code);
}

TSS2_RC Attacker::Secret(ESYS_TR session, ESYS_TR entity, ESYS_TR authorization) {
  return Esys_PolicySecret(esys_, entity, session, authorization, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                           nullptr, nullptr, 0, nullptr, nullptr);
}

TSS2_RC Attacker::Signed(ESYS_TR session, const EcdsaPublicKey& key, const Signature& signature) {
  const Bytes area = Writer().Lp(tpm::ExternalKeyArea(key).Marshal()).bytes();
  TPM2B_PUBLIC public_area{};
  size_t offset = 0;
  Require(Tss2_MU_TPM2B_PUBLIC_Unmarshal(area.data(), area.size(), &offset, &public_area), "key");
  ESYS_TR loaded = ESYS_TR_NONE;
  Require(Esys_LoadExternal(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr, &public_area,
                            ESYS_TR_RH_NULL, &loaded),
          "LoadExternal");
  TPM2B_NONCE nonce{};
  TPM2B_DIGEST cp_hash{};
  const TPM2B_NONCE reference{};
  Fill(nonce, signature.nonce_tpm);
  Fill(cp_hash, signature.cp_hash);
  const TPMT_SIGNATURE marshalled = Marshalled(signature.r_and_s);
  const TSS2_RC rc =
      Esys_PolicySigned(esys_, loaded, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nonce, &cp_hash,
                        &reference, signature.expiration, &marshalled, nullptr, nullptr);
  Flush(loaded);
  return rc;
}

TSS2_RC Attacker::Write(ESYS_TR index, ESYS_TR authorization, uint32_t count, uint32_t limit) {
  TPM2B_MAX_NV_BUFFER in{};
  Fill(in, Writer().U32(count).U32(limit).bytes());
  return Esys_NV_Write(esys_, index, index, authorization, ESYS_TR_NONE, ESYS_TR_NONE, &in, 0);
}

TSS2_RC Attacker::WriteLimit(ESYS_TR index, ESYS_TR authorization, uint32_t limit) {
  TPM2B_MAX_NV_BUFFER in{};
  Fill(in, Writer().U32(limit).bytes());
  return Esys_NV_Write(esys_, index, index, authorization, ESYS_TR_NONE, ESYS_TR_NONE, &in, 4);
}

TSS2_RC Attacker::WriteAsOwner(ESYS_TR index, uint32_t count, uint32_t limit) {
  TPM2B_MAX_NV_BUFFER in{};
  Fill(in, Writer().U32(count).U32(limit).bytes());
  return Esys_NV_Write(esys_, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &in, 0);
}

bool Attacker::Multiply(ESYS_TR key, ESYS_TR authorization) {
  TPM2B_PUBLIC* area = nullptr;
  Require(Esys_ReadPublic(esys_, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr, nullptr),
          "ReadPublic");
  TPM2B_ECC_POINT in{};
  Fill(in.point.x, P256Point::Generator().x());
  Fill(in.point.y, P256Point::Generator().y());
  TPM2B_ECC_POINT* out = nullptr;
  const TSS2_RC rc = Esys_ECDH_ZGen(esys_, key, authorization, ESYS_TR_NONE, ESYS_TR_NONE, &in, &out);
  const bool got = rc == TSS2_RC_SUCCESS && SamePoint(out->point, area->publicArea.unique.ecc);
  Esys_Free(area);
  Esys_Free(out);
  return got;
}

bool Attacker::Evaluate(ESYS_TR key, ESYS_TR index) {
  const ESYS_TR session = Session();
  const bool got = Secret(session, index) == TSS2_RC_SUCCESS &&
                   CommandCode(session, TPM2_CC_ECDH_ZGen) == TSS2_RC_SUCCESS && Multiply(key, session);
  Flush(session);
  return got;
}

int Attacker::EvaluateAll(ESYS_TR key, ESYS_TR index) {
  int got = 0;
  while (got < 50 && Evaluate(key, index)) ++got;
  return got;
}

int Attacker::EvaluateAll(const CountedKey& key) {
  const ESYS_TR loaded = Load(key);
  const ESYS_TR index = Index(key.index);
  if (loaded == ESYS_TR_NONE) return 0;
  const int got = index == ESYS_TR_NONE ? 0 : EvaluateAll(loaded, index);
  Flush(loaded);
  return got;
}

uint64_t Attacker::TimeMillis() {
  TPMS_TIME_INFO* info = nullptr;
  Require(Esys_ReadClock(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &info), "ReadClock");
  const uint64_t time = info->time;
  Esys_Free(info);
  return time;
}

Signature ClientSigns(const EcdsaPrivateKey& unlock_key, const tpm::TpmsNvPublic& index, uint32_t limit,
                      const Bytes& nonce_tpm, Care care, int32_t expiration) {
  Signature made;
  made.expiration = expiration;
  if (care != Care::kNoNonce && care != Care::kNeither) made.nonce_tpm = nonce_tpm;
  if (care != Care::kNoCpHash && care != Care::kNeither) {
    const bool written = (index.attributes & tpm::kNvWritten) != 0;
    const Digest cp_hash = tpm::IndexWriteCpHash(
        index.Name(), tpm::DataOf(written ? tpm::Written::kYes : tpm::Written::kNo, limit));
    made.cp_hash = ToBytes(cp_hash);
  }
  made.r_and_s = unlock_key.Sign(
      Writer().Raw(made.nonce_tpm).U32(static_cast<uint32_t>(expiration)).Raw(made.cp_hash).bytes());
  return made;
}

}  // namespace labrec::hsm::attack
