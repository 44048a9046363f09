#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::hsm {

// An HMAC-SHA-256 key, made in a device, that never leaves it.
class DerivationKey {
 public:
  virtual ~DerivationKey() = default;

  // HMAC-SHA-256(key, message), 32 bytes; `message` has at most 1024 bytes and starts with the purpose, so
  // that two uses never share an input. UNAVAILABLE: the device is away, try later.
  // Threads: at most Device::parallelism() calls at a time.
  virtual absl::StatusOr<SecretBytes> Derive(ByteView message) = 0;
};

}  // namespace labrec::hsm
