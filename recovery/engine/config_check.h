#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// What a realm wants of a RecordConfig (recovery.proto) before it keeps it: the one deterministic
// encoding (fields in order, none unknown), the identifiers of this very version, this realm listed exactly
// once, 1 <= T <= N <= 16, x = 1..N, shares of 32 bytes, a salt of 16, Argon2id parameters that clients
// accept, a guess limit of 1..20, enforcement by the ledger. Returns the guess limit; INVALID_ARGUMENT says
// what is wrong. Pure.
absl::StatusOr<uint32_t> CheckConfig(ByteView config, ByteView realm_id, const RecordName& name,
                                     uint32_t version);

}  // namespace labrec::recovery
