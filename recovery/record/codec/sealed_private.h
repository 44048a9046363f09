#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// A version's private fields on storage: AES-256-GCM under seal_rec, which comes from the same d as the
// version's evaluation key. Bound to the realm, the record, the format, and what the version's row says
// besides: number, config, unlock key, guess limit, and who registered it. So a success, which opens them, is
// none where storage was edited and somebody believed it. docs/formats.md.

Bytes SealPrivate(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                  const RecordVersion& version, ByteView plaintext);
// version.sealed_private, by pin::SealKey(d). DATA_LOSS if it was not sealed for exactly this. What was
// sealed before format 2 is bound to realm, record and number only, until it is sealed anew.
absl::StatusOr<SecretBytes> OpenPrivate(const SecretBytes& seal_key, ByteView realm_id,
                                        const RecordName& name, const RecordVersion& version);

// The answer to a counted element of a chip-enforced version, in the same way; kSealedAnswerBytes long.
Bytes SealAnswer(const SecretBytes& d, ByteView realm_id, const RecordName& name, uint32_t version,
                 const Digest& element, const P256Point& answer);
absl::StatusOr<P256Point> OpenAnswer(const SecretBytes& d, ByteView realm_id, const RecordName& name,
                                     uint32_t version, const CountedAnswer& answer);

}  // namespace labrec::recovery
