#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "hsm/tpm2/link/handle.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Somebody's public key in the TPM (TPM2_LoadExternal, part 3, section 12.3), with the public area of
// tpm::ExternalKeyArea, so that its Name is the same everywhere. Tickets about its signatures hold in
// `hierarchy` only; with ESYS_TR_RH_NULL there are none.
absl::StatusOr<TransientObject> LoadExternalKey(Context& context, const EcdsaPublicKey& key,
                                                ESYS_TR hierarchy);

// r || s, 64 bytes, of ECDSA with SHA-256.
TPMT_SIGNATURE EcdsaSignature(ByteView signature);

}  // namespace labrec::hsm::tpm2
