#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::recovery::labyrinth {

// AES-GCM (NIST SP 800-38D) with the caller's 96-bit nonce, which HPKE derives; hsm/base/aead.h is for
// everything else. A 16-byte key means AES-128, a 32-byte key AES-256; anything else aborts. ciphertext ||
// 16-byte tag.
Bytes GcmSeal(ByteView key, ByteView nonce, ByteView plaintext, ByteView associated_data);
// DATA_LOSS (kNotOpened) if anything is not as it was sealed.
absl::StatusOr<SecretBytes> GcmOpen(ByteView key, ByteView nonce, ByteView ciphertext,
                                    ByteView associated_data);

}  // namespace labrec::recovery::labyrinth
