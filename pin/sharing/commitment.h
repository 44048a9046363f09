#pragma once

#include <cstdint>

#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"

// What the shared secret s (32 random bytes) of a version of a record is good for (protocol, "Threshold over
// realms"). `config_digest` is SHA-256 of the serialized config, as stored. Any thread.
namespace labrec::pin {

inline constexpr size_t kSharedSecretSize = 32;

// HKDF(s, info = "labyrinth-recovery/v1/commit" || config_digest): public, tells a right s from a wrong one.
Digest Commit(const SecretBytes& s, const Digest& config_digest);
// Whether Commit(s, config_digest) is `commitment`; compared in constant time.
bool FitsCommitment(const SecretBytes& s, const Digest& config_digest, ByteView commitment);

// HKDF(s, info = "labyrinth-recovery/v1/enc" || config_digest): the AES-256-GCM key of the protected secret,
// whose associated data is config_digest.
SecretBytes EncryptionKey(const SecretBytes& s, const Digest& config_digest);

// The key that unlocks this version at one realm: 48 bytes of HKDF(s, info = "labyrinth-recovery/v1/unlock"
// || realm_id || I2OSP(version, 4)), reduced to 1..n-1. Aborts if the realm id has not 16 bytes.
EcdsaPrivateKey UnlockKey(const SecretBytes& s, ByteView realm_id, uint32_t version);

}  // namespace labrec::pin
