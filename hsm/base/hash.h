#pragma once

#include <array>
#include <string_view>

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec {

using Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4). Any thread.
Digest Sha256(ByteView data);
inline Digest Sha256(std::string_view text) {
  return Sha256(AsBytes(text));
}

// HMAC-SHA-256 (RFC 2104) in software. Any thread.
SecretBytes HmacSha256(ByteView key, ByteView data);

// HKDF-SHA-256 (RFC 5869). `length` at most 8160 bytes; aborts above. An empty salt is 32 zero bytes.
SecretBytes Hkdf(ByteView key_material, ByteView salt, ByteView info, size_t length);
// The expand step alone; `pseudorandom_key` has at least 32 bytes; aborts otherwise.
SecretBytes HkdfExpand(ByteView pseudorandom_key, ByteView info, size_t length);

}  // namespace labrec
