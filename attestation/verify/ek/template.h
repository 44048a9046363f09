#pragma once

#include <string_view>

#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::attestation {

// Which template of TCG's "EK Credential Profile for TPM Family 2.0", annex B, this endorsement key was made
// from, its public key aside: "L-1" (RSA 2048), "L-2" (P-256), "H-1" to "H-4", "H-6", "H-7" (RSA 2048, P-256,
// P-384, P-521, RSA 3072, RSA 4096). Empty if from none. All of them make a restricted decryption key that is
// fixed to its TPM and was made in it.
std::string_view EkTemplateOf(const tpm::TpmtPublic& ek);

// PolicyA: the endorsement hierarchy's authorisation. PolicyB: that, or what stands in the policy index.
Bytes EkPolicyA(tpm::HashAlgorithm algorithm);
Bytes EkPolicyB(tpm::HashAlgorithm algorithm);

}  // namespace labrec::attestation
