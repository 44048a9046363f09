#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/record/request.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

// What a start finds in the chip that rows do not say yet.
struct ChipFindings {
  struct Version {
    RecordName name;
    ChipVersion version;
  };
  std::vector<Version> begun;  // an earlier run's: nobody finishes them
  struct Count {
    Version of;
    uint32_t count = 0;
    uint32_t limit = 0;
  };
  std::vector<Count> counts;  // where chip and row differ: the run that asked the chip was killed
};

// Before the commit thread runs: deletes the indices that no row names, which a crash between making one and
// committing its version left behind, and notes what else has to follow. Only storage that is of one piece
// (VerifyContent) can say that no row names an index. Walks all rows, if there is any index in the chip.
// Errors of the store, UNAVAILABLE if the device is away; what else goes wrong is logged.
absl::StatusOr<ChipFindings> TidyChip(ChipWork& chip, Store& store, ByteView realm_id);

// Queues the changes of rows that the findings ask for.
void TakeOver(const ChipFindings& findings, RequestQueue& queue);

}  // namespace labrec::recovery
