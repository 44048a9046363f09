#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// What becomes of a row as an operator accepts the storage that holds it (docs/operations.md, "anchor
// accept"). Pure.

// Where the names in a row say that it lies.
struct RowPlace {
  Digest account_hash{};  // chooses the bucket
  Digest account_key{};   // of the account's own row
  Digest key{};
};
// DATA_LOSS: no row with a name.
absl::StatusOr<RowPlace> PlaceOf(ByteView row);

struct AcceptTerms {
  uint32_t floor = 1;  // guesses left to each usable version, at most
  // Whether the device vouches for the row. One that is taken all the same keeps no counted elements, but
  // where the chip counts: whoever edited it would have chosen elements that cost nothing.
  bool vouched = true;
  // The account's row was discarded: what its devices registered and nobody activated goes, as if each device
  // had been revoked.
  bool devices_discarded = false;
};
// The row by these terms, in the newest format; nullopt if nothing is left of it. DATA_LOSS: no row with a
// name.
absl::StatusOr<std::optional<Bytes>> AcceptRow(ByteView row, const AcceptTerms& terms);

}  // namespace labrec::recovery
