#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hsm/base/ecdsa.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "recovery/api/wire/registration_messages.h"
#include "tests/vectors/conformance/record.h"

namespace labrec::conformance {

// The attestation key of a realm's chip in the kit, and the handle of its one index.
EcdsaPrivateKey KitAttestationKey(size_t realm);
tpm::TpmtPublic KitAttestationArea(const EcdsaPrivateKey& key);
inline uint32_t KitIndex(size_t realm) {
  return 0x01800001 + static_cast<uint32_t>(realm);
}

// What a realm's chip is to a client that knows its attestation key: one index that counts, statements about
// it, and writes that the version's unlock key has signed. It writes what it could check, as chips do.
class KitChip {
 public:
  KitChip(size_t realm, const KitRecord& record);

  Bytes Identity() const;
  recovery::wire::BeginChipWriteResponse Begin(const recovery::wire::BeginChipWriteRequest& request);
  // nullopt: the signature is not the unlock key's over just this write.
  std::optional<recovery::wire::FinishChipWriteResponse> Finish(
      const recovery::wire::FinishChipWriteRequest& request);

  tpm::PinCounter held{2, 12};  // as a registration leaves it
  EcdsaPrivateKey attestation_key;
  bool replays = false;  // its statements carry another exchange's nonce

 private:
  Bytes Statement(const std::string& record, uint32_t version, Bytes nonce) const;

  const size_t realm_;
  const EcdsaPublicKey unlock_key_;
  uint64_t sessions_ = 0;
};

}  // namespace labrec::conformance
