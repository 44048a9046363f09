#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

struct ReanchorRequest {
  Bytes realm_id;
  // The highest number of discontinuities anybody remembers (audit log, clients). The source's own may have
  // been rolled back with it; the new number is one more than the higher of the two.
  uint64_t known_discontinuities = 0;
  // What each row becomes; nullopt leaves it out, an error ends all. The engine lowers remaining guesses
  // here.
  std::function<absl::StatusOr<std::optional<Bytes>>(const RowAddress&, ByteView)> transform;
  // Visits the rows to begin with, in order of bucket and key. May be empty: the source's rows.
  using VisitRow = std::function<absl::Status(const RowAddress&, ByteView)>;
  std::function<absl::Status(const VisitRow&)> rows;
  // May be empty. Called about every thousand rows with how many were read.
  std::function<void(uint64_t)> progress;
};

struct ReanchorReport {
  uint64_t epoch = 0;
  uint64_t rows = 0;      // that the new ledger has
  uint64_t left_out = 0;  // by transform
  uint64_t discontinuities = 0;
};

// The operator's way past a refusal: builds in `target`, which is empty, a consistent ledger from whatever
// rows `source` has, and anchors it at the device's next epoch. It believes the rows: transform takes from
// them what a rollback could have given, and what nobody vouches for (VouchedRows). Digests and directories
// of the source are not looked at; its head gives the number of buckets.
//
// Offline: nobody has either store open. `source` is not changed. A crash leaves a target that Ledger::Open
// refuses, or from the last write on one that it opens; begin again with an empty one, or take that.
// FAILED_PRECONDITION: source has no head of this realm, target is not empty; DATA_LOSS: the source's rows
// cannot be read in order; UNAVAILABLE: the device is away; if it left during the last step, the target opens
// later.
absl::StatusOr<ReanchorReport> Reanchor(Store& source, Store& target, hsm::FreshnessAnchor& anchor,
                                        const ReanchorRequest& request);

}  // namespace labrec::recovery
