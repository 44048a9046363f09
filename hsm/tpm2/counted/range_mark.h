#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "hsm/tpm2/link/index.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it. The first handle of a range of counting indices holds an
// ordinary index with the id of the realm that uses the range: two realms on one TPM must not take each
// other's indices for orphans.
namespace labrec::hsm::tpm2 {

// The realm id there; nullopt if there is none yet. FAILED_PRECONDITION if something else is there.
absl::StatusOr<std::optional<Bytes>> ReadRangeMark(LoadedRealm& realm, IndexRange range);

// Makes it. OK if this realm's is there already; FAILED_PRECONDITION if another's is.
absl::Status MarkRange(LoadedRealm& realm, IndexRange range, ByteView realm_id);

// OK too if it is gone already.
absl::Status RemoveRangeMark(LoadedRealm& realm, IndexRange range);

// The range without the mark's handle.
inline IndexRange CountingRange(IndexRange range) {
  return {range.first + 1, range.count - 1};
}

}  // namespace labrec::hsm::tpm2
