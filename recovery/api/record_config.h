#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "pin/stretch.h"
#include "recovery/api/record_name.h"

namespace labrec::recovery {

// Where a realm's chip counts: what a client that recovers needs to refill the guesses, and to see that they
// were.
struct ChipShare {
  uint32_t index = 0;  // handle of the NV index
  Bytes ak_name;       // Name of the attestation key that the sealing client verified; 34 bytes
  bool operator==(const ChipShare&) const = default;
};
struct RealmShare {
  Bytes realm_id;
  uint32_t x = 0;
  Bytes masked_share;             // 32 bytes
  std::optional<ChipShare> chip;  // present: this realm's chip counts
  bool operator==(const RealmShare&) const = default;
};
// What every realm of a record stores alike (RecordConfig of recovery.proto). Whose chips count is in the
// shares; the message's `enforcement` says the same once more.
struct RecordConfig {
  RecordName name;
  uint32_t version = 0;
  uint32_t threshold = 0;
  std::vector<RealmShare> realms;  // in order x = 1, 2, 3, ...
  Bytes salt;
  pin::ArgonParameters argon;
  uint32_t guess_limit = 0;

  // The share of this realm; null if the config does not list it.
  const RealmShare* Find(ByteView realm_id) const;
  // At how many realms the chip counts.
  size_t chips() const;
  bool operator==(const RecordConfig&) const = default;
};

// The one set of rules that a client's and a realm's config obey. The bytes are the one deterministic
// encoding (fields in order, none unknown) of a config for just this version (1 and up) of this record, with
// 1 <= T <= N <= 16, realms listed once each with x = 1..N and shares of 32 bytes, a salt of 16,
// Argon2id parameters that clients accept, a guess limit of 1 to 20, and an enforcement that the shares bear
// out. INVALID_ARGUMENT says what is wrong. Pure.
absl::StatusOr<RecordConfig> ParseRecordConfig(ByteView bytes, const RecordName& name, uint32_t version);

// The bytes of a config. Its values are not judged here.
Bytes Encode(const RecordConfig& config);

}  // namespace labrec::recovery
