#include "recovery/labyrinth/base/floor.h"

#include <string>

#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {

absl::Status CheckRaise(const std::optional<Floor>& kept, const Floor& proposed) {
  if (!kept.has_value() || proposed.sequence > kept->sequence || proposed == *kept) return absl::OkStatus();
  const std::string numbers =
      "epoch " + std::to_string(proposed.sequence) + ", the floor being at " + std::to_string(kept->sequence);
  if (proposed.sequence < kept->sequence) {
    return Failure(absl::StatusCode::kFailedPrecondition, Reason::kTruncated,
                   "the epoch floor is never lowered: " + numbers);
  }
  return Failure(absl::StatusCode::kFailedPrecondition, Reason::kForked,
                 "the epoch floor has another digest: " + numbers);
}

}  // namespace labrec::recovery::labyrinth
