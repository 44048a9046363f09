#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec {

inline constexpr size_t kAeadKeySize = 32;
inline constexpr size_t kAeadNonceSize = 12;
inline constexpr size_t kAeadOverhead = kAeadNonceSize + 16;

// AES-256-GCM (NIST SP 800-38D) with a fresh random 96-bit nonce: nonce || ciphertext || tag,
// kAeadOverhead bytes longer than the plaintext. `key` has 32 bytes. Any thread.
Bytes AeadSeal(ByteView key, ByteView plaintext, ByteView associated_data);

// The same with a nonce of kAeadNonceSize bytes that the caller drew at random, for this key and plaintext
// only: a nonce used twice under one key gives both texts away.
Bytes AeadSealWithNonce(ByteView key, ByteView nonce, ByteView plaintext, ByteView associated_data);

// The plaintext, or DATA_LOSS if the key, the associated data or a byte of `sealed` is not the one sealed
// with.
absl::StatusOr<SecretBytes> AeadOpen(ByteView key, ByteView sealed, ByteView associated_data);

}  // namespace labrec
