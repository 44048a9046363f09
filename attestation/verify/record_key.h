#pragma once

#include "absl/status/status.h"

#include "hsm/tpm_wire/tpms_nv_public.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::attestation {

// OK if `key` is what the record's evaluation key must be: P-256, SHA-256 Name, RecordKeyAttributes,
// RecordKeyPolicy(written_index), no symmetric algorithm, scheme ECDH with SHA-256. Refusals kKeyAttributes,
// kKeyPolicy.
absl::Status CheckRecordKey(const tpm::TpmtPublic& key, const tpm::TpmsNvPublic& written_index);

}  // namespace labrec::attestation
