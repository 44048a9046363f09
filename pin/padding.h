#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

inline constexpr size_t kMostSecretBytes = 1024;
inline constexpr size_t kPaddedSize = 2 + kMostSecretBytes;

// I2OSP(size, 2) || secret || zeros, always kPaddedSize bytes, so that a sealed secret does not show its
// length. INVALID_ARGUMENT above kMostSecretBytes. Any thread.
absl::StatusOr<SecretBytes> Pad(const SecretBytes& secret);

// The secret again. INVALID_ARGUMENT unless `padded` is exactly what Pad makes. Call it only on bytes that
// were authenticated: it answers differently for different paddings.
absl::StatusOr<SecretBytes> Unpad(const SecretBytes& padded);

}  // namespace labrec::pin
