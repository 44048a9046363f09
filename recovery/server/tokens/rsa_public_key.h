#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::recovery {

// The PEM SubjectPublicKeyInfo of the RSA key with this modulus and exponent (big-endian). INVALID_ARGUMENT
// if the modulus has fewer than 2048 or more than 8192 bits or is even, or the exponent is even, below 65537
// or longer than 32 bits. Any thread.
absl::StatusOr<std::string> RsaPublicKeyPem(ByteView modulus, ByteView exponent);

// Whether this key made this RSASSA-PKCS1-v1_5 signature with SHA-256 (RFC 8017, section 8.2). False for a
// malformed key too. Any thread.
bool RsaVerifies(std::string_view pem, ByteView message, ByteView signature);

}  // namespace labrec::recovery
