#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"

#include "recovery/engine/commit/request_queue.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Queues a change that the device made necessary. No deadline drops it. `done` hears OK once it is anchored,
// and RESOURCE_EXHAUSTED or UNAVAILABLE if the queue lets nobody in. Any thread.
void FollowUp(RequestQueue& queue, std::function<absl::Status(WorkingSet&)> change,
              std::function<void(const absl::Status&)> done);

// The same for one record: `change` makes its next row of the present one. Its errors are for callers
// (InOwnWords), as those of the rules are.
void FollowUpOn(RequestQueue& queue, RecordName name,
                std::function<absl::StatusOr<Record>(const std::optional<Record>&)> change,
                std::function<void(const absl::Status&)> done);

}  // namespace labrec::recovery
