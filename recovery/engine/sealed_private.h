#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// A version's private fields on storage: AES-256-GCM under seal_rec, which comes from the same d as the
// version's evaluation key. Bound to the realm, the record, the version and the format. docs/formats.md.

Bytes SealPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name, uint32_t version,
                  ByteView plaintext);
// DATA_LOSS if it was not sealed for exactly this.
absl::StatusOr<SecretBytes> OpenPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                                        uint32_t version, ByteView sealed);

}  // namespace labrec::recovery
