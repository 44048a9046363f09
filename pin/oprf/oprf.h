#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"

// The client's half of RFC 9497, mode OPRF (0x00), suite P256-SHA256. The server's half, BlindEvaluate, is
// one multiplication of the blinded element by its key, and is done in a device.
namespace labrec::pin {

inline constexpr size_t kOprfOutputSize = 32;

struct Blinded {
  P256Scalar blind;   // stays with the client until Finalize
  P256Point element;  // goes to the server; uniform whatever the input is
};

// Blind (section 3.3.1) with a fresh random blind. INVALID_ARGUMENT if the input is longer than 65535 bytes,
// or in the negligible case that it hashes to the identity. Any thread.
absl::StatusOr<Blinded> Blind(const SecretBytes& input);
// The same with a given blind: for test vectors, and for a client that repeats a request byte for byte.
absl::StatusOr<Blinded> BlindWith(const SecretBytes& input, P256Scalar blind);

// Finalize (section 3.3.1): the 32 bytes that only the server's key and this input give. `input` and `blind`
// are those of Blind, `evaluated` is the server's answer; whether the server used the right key is not
// checked here.
absl::StatusOr<SecretBytes> Finalize(const SecretBytes& input, const P256Scalar& blind,
                                     const P256Point& evaluated);

// HashToScalar with the suite's own domain separation tag, "HashToScalar-OPRFV1-\0-P256-SHA256".
P256Scalar OprfHashToScalar(ByteView message);

}  // namespace labrec::pin
