#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "recovery/api/record_name.h"

namespace labrec::recovery {

// What a realm wants of a RecordConfig (recovery.proto) before it keeps it: the one deterministic
// encoding (fields in order, none unknown), the identifiers of this very version, this realm listed exactly
// once, 1 <= T <= N <= 16, x = 1..N, shares of 32 bytes, a salt of 16, Argon2id parameters that clients
// accept, a guess limit of 1..20, an enforcement that the shares bear out. INVALID_ARGUMENT says what is
// wrong. Pure.
struct ConfigTerms {
  uint32_t guess_limit = 0;
  std::optional<uint32_t> chip_index;  // NV handle, if this realm's chip is to count
};
absl::StatusOr<ConfigTerms> CheckConfig(ByteView config, ByteView realm_id, const RecordName& name,
                                        uint32_t version);

}  // namespace labrec::recovery
