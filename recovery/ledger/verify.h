#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

struct VerifyProgress {
  uint64_t rows = 0;           // looked at so far
  uint64_t rows_expected = 0;  // as the head says
  uint64_t bytes = 0;          // of row content so far
  double seconds = 0;          // since the walk began; the rate is rows / seconds
};

// What Ledger::Open would say first.
struct StartUpReport {
  HeadRow head;
  hsm::FreshnessReport freshness;
  absl::Status verdict;  // OK, or the DATA_LOSS that Open would return
};

// Looks at head, evidence and bucket digests as Ledger::Open does, and changes nothing, on the device
// neither. An error only where that could not be done: no ledger of this realm, storage unreadable, device
// away or its anchor spoilt.
absl::StatusOr<StartUpReport> CheckStartUp(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id);

// What a walk found. The head's evidence is not part of it.
struct ContentReport {
  HeadRow head;
  VerifyProgress walked;
  uint64_t problem_count = 0;
  std::vector<std::string> problems;  // the first 100, each naming what does not fit what
  bool intact() const { return problem_count == 0; }
};

struct VerifyReport : ContentReport {
  hsm::FreshnessReport freshness;
};

// Root against bucket digests, every directory against its digest, every row against its directory, the
// number of rows against the head: without a device, so it says that the state is of one piece, and not of
// when it is. Otherwise as VerifyAll.
absl::StatusOr<ContentReport> VerifyContent(Store& store, ByteView realm_id,
                                            const std::function<void(const VerifyProgress&)>& progress);

// Walks all of a ledger that nobody has open: head against device, root against bucket digests, every
// directory against its digest, every row against its directory, the number of rows against the head. Changes
// nothing, on the device neither. Calls `progress` (may be empty) about every thousand rows and at the end.
// An error only where the walk could not be made: storage unreadable, device away, or no ledger of this
// realm; what is wrong with the ledger itself stands in the report.
absl::StatusOr<VerifyReport> VerifyAll(Store& store, hsm::FreshnessAnchor& anchor, ByteView realm_id,
                                       const std::function<void(const VerifyProgress&)>& progress);

}  // namespace labrec::recovery
