#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <tss2/tss2_esys.h>

#include "hsm/base/ecdsa.h"
#include "hsm/counted_key.h"
#include "hsm/tpm_wire/policy_digest.h"
#include "hsm/tpm_wire/tpms_nv_public.h"

namespace labrec::hsm::attack {

// A sized buffer of ESAPI, which has room for `bytes`.
template <typename T>
void Fill(T& out, ByteView bytes) {
  out.size = static_cast<UINT16>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.buffer);
}

// What the host saw of a client: the nonce it was shown and what it signed.
struct Signature {
  Bytes nonce_tpm;
  Bytes cp_hash;
  int32_t expiration = 0;
  std::array<uint8_t, 64> r_and_s{};
};

// Root on the host: the TPM's owner (whose authorisation is empty), with every file of the service, and code
// of its own on ESAPI; it shares none with hsm/tpm2. Return codes are the TPM's; 0 is success.
class Attacker {
 public:
  explicit Attacker(const std::string& tcti);
  ~Attacker();
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;

  ESYS_CONTEXT* esys() const { return esys_; }

  // The key of a stolen row; ESYS_TR_NONE if the TPM does not load it.
  ESYS_TR Load(const CountedKey& key);
  // A key of the attacker's own (a primary key), to show that an attack works where a protection is missing.
  ESYS_TR MakeKey(const Bytes& policy, TPMA_OBJECT more_attributes = 0);
  // The same, but it may leave the TPM and its parent.
  ESYS_TR MakeMovableKey(const Bytes& policy);
  // The key that the service wraps its keys with.
  ESYS_TR StorageKey();
  ESYS_TR Index(uint32_t handle);
  // ESYS_TR_NONE if it is refused.
  ESYS_TR Define(const tpm::TpmsNvPublic& area) { return DefineAs(ESYS_TR_RH_OWNER, area); }
  ESYS_TR DefineAs(ESYS_TR hierarchy, const tpm::TpmsNvPublic& area);
  TSS2_RC Undefine(uint32_t handle);

  ESYS_TR Session(TPM2_SE type = TPM2_SE_POLICY);
  Bytes NonceOf(ESYS_TR session);
  void Flush(ESYS_TR handle);
  TSS2_RC CommandCode(ESYS_TR session, TPM2_CC code);
  TSS2_RC Secret(ESYS_TR session, ESYS_TR entity, ESYS_TR authorization = ESYS_TR_PASSWORD);
  // TPM2_PolicySigned with just these values; the signature may be about others.
  TSS2_RC Signed(ESYS_TR session, const EcdsaPublicKey& key, const Signature& signature);
  TSS2_RC WriteAsOwner(ESYS_TR index, uint32_t count, uint32_t limit);
  // Of both, or of the limit alone.
  TSS2_RC Write(ESYS_TR index, ESYS_TR authorization, uint32_t count, uint32_t limit);
  TSS2_RC WriteLimit(ESYS_TR index, ESYS_TR authorization, uint32_t limit);

  // TPM2_ECDH_ZGen of G. True only if it gave the key's public point: an evaluation was really got.
  bool Multiply(ESYS_TR key, ESYS_TR authorization);
  // PolicySecret, PolicyCommandCode, ECDH_ZGen in a session of its own.
  bool Evaluate(ESYS_TR key, ESYS_TR index);
  // As often as that goes, at most 50 times.
  int EvaluateAll(ESYS_TR key, ESYS_TR index);
  int EvaluateAll(const CountedKey& key);

  // TPMS_TIME_INFO.time: milliseconds since power-on.
  uint64_t TimeMillis();

 private:
  ESYS_TR MakeKeyWith(const Bytes& policy, TPMA_OBJECT attributes);

  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
};

// What an honest client, and what a careless one signs for a write: without nonce or without cpHash.
enum class Care { kHonest, kNoNonce, kNoCpHash, kNeither };
Signature ClientSigns(const EcdsaPrivateKey& unlock_key, const tpm::TpmsNvPublic& index, uint32_t limit,
                      const Bytes& nonce_tpm, Care care = Care::kHonest, int32_t expiration = 120);

}  // namespace labrec::hsm::attack
