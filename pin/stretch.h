#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

inline constexpr size_t kSaltSize = 16;
inline constexpr size_t kStretchedSize = 32;

// The cost of one try of a PIN (RFC 9106). The defaults are the protocol's; a record's own travel in its
// config.
struct ArgonParameters {
  uint32_t memory_kib = 65536;
  uint32_t passes = 3;
  uint32_t lanes = 1;

  bool operator==(const ArgonParameters&) const = default;
};

// INVALID_ARGUMENT beyond what a client is willing to compute, whoever asks: memory of 8 KiB per lane to 1
// GiB, 1 to 64 passes, 1 to 16 lanes.
absl::Status CheckArgonParameters(const ArgonParameters& parameters);

// Argon2id (version 0x13) of a PIN, 32 bytes. `salt` has kSaltSize bytes, `pin` 1 to 1024.
// INVALID_ARGUMENT if the parameters or a length are refused, RESOURCE_EXHAUSTED if the memory cannot be had.
// The working memory is left out of core dumps and wiped. Takes 0.1 s and more. Any thread.
absl::StatusOr<SecretBytes> Stretch(const SecretBytes& pin, ByteView salt, const ArgonParameters& parameters);

}  // namespace labrec::pin
