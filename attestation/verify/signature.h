#pragma once

#include "absl/status/status.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm_wire/tpmt_signature.h"

namespace labrec::attestation {

// OK if `signature` is one of `message` by the key of `signer`, made with just the scheme and hash that stand
// in `signer`'s public area (RFC 8017, sections 8.1 and 8.2; FIPS 186-5, section 6). Refusal kSignature
// otherwise. Any thread.
absl::Status VerifySignature(const tpm::TpmtPublic& signer, ByteView message,
                             const tpm::TpmtSignature& signature);

}  // namespace labrec::attestation
