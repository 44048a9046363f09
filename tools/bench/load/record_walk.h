#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "tests/support/realm/raw_account.h"
#include "tools/bench/load/closed_loop.h"

namespace labrec::bench {

// A record "raw", version 1, that nobody unlocks: only the token of its account is known.
struct WalkedRecord {
  std::string bearer;
};

// Has the realm verify every token once, without touching a row, so that a walk does not measure that.
absl::Status ShowTokens(test::RawAccount::Stub& stub, const std::vector<WalkedRecord>& records);

// Evaluates once on every record, one call after the other: latencies in milliseconds, and the rate. `round`
// chooses an element that earlier rounds did not use; below 16, as a record bears 20 guesses.
absl::StatusOr<LoadResult> WalkRecords(test::RawAccount::Stub& stub, const std::vector<WalkedRecord>& records,
                                       size_t round);

}  // namespace labrec::bench
