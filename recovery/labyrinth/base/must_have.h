#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {

// Reads what the store must have: its NOT_FOUND becomes DATA_LOSS (kMissing). `what` ends a sentence.
template <typename T>
absl::StatusOr<T> MustHave(absl::StatusOr<T> found, const std::string& what) {
  if (absl::IsNotFound(found.status())) return Damage(Reason::kMissing, "the store does not give " + what);
  return found;
}

}  // namespace labrec::recovery::labyrinth
