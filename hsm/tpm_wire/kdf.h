#pragma once

#include <string_view>

#include "hsm/base/secret_bytes.h"
#include "hsm/tpm_wire/hash.h"

// The TPM's key derivation functions. `bits` is a multiple of 8; labels are given without their terminating
// zero, which is added. Any thread.
namespace labrec::tpm {

// KDFa (Part 1, section 11.4.10.2): SP 800-108 in counter mode with HMAC.
SecretBytes KdfA(HashAlgorithm algorithm, ByteView key, std::string_view label, ByteView context_u,
                 ByteView context_v, uint32_t bits);

// KDFe (Part 1, section 11.4.10.3): SP 800-56A's concatenation KDF over the x coordinate `z`; the party infos
// are the x coordinates of the ephemeral and of the static key.
SecretBytes KdfE(HashAlgorithm algorithm, ByteView z, std::string_view label, ByteView party_u,
                 ByteView party_v, uint32_t bits);

}  // namespace labrec::tpm
