#pragma once

#include <cstdint>
#include <string_view>

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"

// The realm's keys of one version of a record (protocol, "Oblivious evaluation"). All of them come from one
// value d, which the device computes: HMAC(K_derive, RecordDerivationInput(...)).
namespace labrec::pin {

inline constexpr size_t kRealmIdSize = 16;
inline constexpr size_t kRecordNonceSize = 32;

// "record" || LP(realm_id) || LP(tenant) || LP(account) || LP(record) || I2OSP(version, 4) || nonce.
// Aborts if the realm id or the nonce has another size, or a name is longer than 65535 bytes. Any thread.
Bytes RecordDerivationInput(ByteView realm_id, std::string_view tenant, std::string_view account,
                            std::string_view record, uint32_t version, ByteView nonce);

// t_rec = hash_to_scalar(HKDF-Expand(d, "tweak", 32)): the record's evaluation key is k * t_rec. `d` has 32
// bytes.
P256Scalar RecordTweak(const SecretBytes& d);
// seal_rec = HKDF-Expand(d, "seal", 32): the AES-256-GCM key of the record's private fields.
SecretBytes SealKey(const SecretBytes& d);

}  // namespace labrec::pin
