#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::pin {

// HKDF(rho, info = "labyrinth-recovery/v1/mask" || realm_id || I2OSP(version, 4)): 32 bytes that hide a
// realm's share in the config. `rho` is the output of the oblivious evaluation at that realm. Aborts if the
// realm id has not 16 bytes. Any thread.
SecretBytes ShareMask(const SecretBytes& rho, ByteView realm_id, uint32_t version);

// c = share XOR mask, 32 bytes, public. Aborts if a size is another.
Bytes MaskShare(const SecretBytes& share, const SecretBytes& mask);
// share = c XOR mask. INVALID_ARGUMENT if `masked` has not 32 bytes.
absl::StatusOr<SecretBytes> UnmaskShare(ByteView masked, const SecretBytes& mask);

}  // namespace labrec::pin
