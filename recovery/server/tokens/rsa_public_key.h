#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::recovery {

// The PEM SubjectPublicKeyInfo of the RSA key with this modulus and exponent (big-endian). INVALID_ARGUMENT
// if the modulus has fewer than 2048 or more than 8192 bits or is even, or the exponent is even, below 65537
// or longer than 32 bits. Any thread.
absl::StatusOr<std::string> RsaPublicKeyPem(ByteView modulus, ByteView exponent);

}  // namespace labrec::recovery
