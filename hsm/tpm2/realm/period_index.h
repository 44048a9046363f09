#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/period_keys.h"
#include "hsm/tpm2/link/index.h"
#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it. A period key is an ordinary NV index with 32 random bytes. Its
// authPolicy, which no attribute lets anybody use, says whose and which one it is; so that is part of its
// Name, and a command that was authorised for one key never meets another that took its handle since.
namespace labrec::hsm::tpm2 {

// Behind the range of the anchor's indices, whose handles stay open: looking at one would close it.
inline constexpr IndexRange kPeriodRange{0x01800140, 64};

inline constexpr size_t kPeriodSecretSize = 32;

struct PeriodIndex {
  uint32_t index = 0;
  PeriodKeyId id;
  bool written = false;  // whoever defined it came no further
};

// Those of this realm, whatever their order.
absl::StatusOr<std::vector<PeriodIndex>> ListPeriodIndices(Context& context, ByteView realm_id);

// Defines an index at a free handle, and writes it.
absl::Status MakePeriodIndex(LoadedRealm& realm, ByteView realm_id, const PeriodKeyId& id,
                             const SecretBytes& secret);

absl::StatusOr<SecretBytes> ReadPeriodIndex(LoadedRealm& realm, const PeriodIndex& index);

// Its content is gone for ever.
absl::Status RemovePeriodIndex(LoadedRealm& realm, ByteView realm_id, const PeriodIndex& index);

}  // namespace labrec::hsm::tpm2
