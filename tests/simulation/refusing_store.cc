#include "tests/simulation/refusing_store.h"

#include <utility>

namespace labrec::sim {

absl::Status RefusingStore::Write(const recovery::StoreBatch& batch) {
  if (batch.rows.empty()) return real_->Write(batch);
  const bool refuses = std::exchange(refuses_next_, false);
  const absl::Status status =
      refuses ? absl::AbortedError("the disk is full, its owner says") : real_->Write(batch);
  if (absl::IsAborted(status)) refused_ = batch;
  return status;
}

}  // namespace labrec::sim
