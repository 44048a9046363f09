#pragma once

#include <cstdint>

#include "absl/status/status.h"

#include "hsm/base/ecdsa.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "hsm/tpm_wire/tpms_nv_public.h"
#include "hsm/tpm_wire/tpmt_public.h"

// The public areas of a counted key and its counting index (protocol, "Chip-enforced records"), as client and
// device both build them: any difference in a bit gives other Names and another policy.
namespace labrec::tpm {

// What TPM2_LoadExternal is given for a client's P-256 key, so that its Name is the same everywhere: ECC,
// SHA-256, attribute sign alone, empty policy, ECDSA with SHA-256, coordinates of 32 bytes.
TpmtPublic ExternalKeyArea(const EcdsaPublicKey& key);

// The policy of the counting index: PolicySigned(unlock key, policyRef empty), then
// PolicyCommandCode(NV_Write).
Bytes CountingIndexPolicy(const EcdsaPublicKey& unlock_key);

// The counting index at this handle: PIN_PASS, POLICYWRITE | OWNERREAD | NO_DA, 8 bytes, CountingIndexPolicy.
// No WRITEALL, so that a refill writes the limit and leaves the count alone
// (docs/adr/refills-raise-the-limit.md). Its Name changes with its first write.
TpmsNvPublic CountingIndexArea(uint32_t handle, const EcdsaPublicKey& unlock_key, Written written);

// The policy of the counted key: PolicySecret(the written index, policyRef empty), then
// PolicyCommandCode(ECDH_ZGen).
Bytes CountedKeyPolicy(const TpmsNvPublic& written_index);

// fixedTPM, fixedParent, sensitiveDataOrigin, noDA, decrypt, and nothing else: no userWithAuth.
uint32_t CountedKeyAttributes();

}  // namespace labrec::tpm
