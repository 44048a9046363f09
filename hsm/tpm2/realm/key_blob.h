#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/link/session.h"
#include "hsm/tpm2/realm/state.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// Makes a key from `pattern` under the storage key (TPM2_Create). It stays on the TPM only as long as it is
// loaded; the blob, wrapped by the storage key, is ours to keep. `auth_value` guards its use.
absl::StatusOr<KeyBlob> CreateKey(Context& context, const Session& session, ESYS_TR storage_key,
                                  const TPM2B_PUBLIC& pattern, const SecretBytes& auth_value);

// Loads it (TPM2_Load), ready to be used with `auth_value`. FAILED_PRECONDITION if it was not made from
// `pattern`, or not by this TPM under this storage key.
absl::StatusOr<TransientObject> LoadKey(Context& context, const Session& session, ESYS_TR storage_key,
                                        const KeyBlob& blob, const TPM2B_PUBLIC& pattern,
                                        const SecretBytes& auth_value);

}  // namespace labrec::hsm::tpm2
