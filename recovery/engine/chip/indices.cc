#include "recovery/engine/chip/indices.h"

#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

// Coming back does not mend these errors.
void LeaveToNextStart(uint32_t index, const absl::Status& status) {
  spdlog::warn("index {:#010x}, which no record names, stays in the chip until the next start: {}", index,
               std::string(status.message()));
}

}  // namespace

absl::Status ChipIndices::Note(absl::Status status) {
  health_.Note(status);
  return status;
}

absl::StatusOr<std::vector<hsm::FoundCountingIndex>> ChipIndices::Find() {
  const std::lock_guard making(making_);
  absl::StatusOr<std::vector<hsm::FoundCountingIndex>> listed = device_.counted_keys()->List();
  LABREC_RETURN_IF_ERROR(Note(listed.status()));
  known_.clear();
  for (const hsm::FoundCountingIndex& each : *listed) known_.insert(each.index);
  return listed;
}

absl::Status ChipIndices::Delete(uint32_t index) {
  const std::lock_guard making(making_);
  return DeleteKnown(index);
}

absl::StatusOr<hsm::CountedKey> ChipIndices::Define(const EcdsaPublicKey& unlock_key) {
  const std::lock_guard making(making_);
  LABREC_RETURN_IF_ERROR(TidyUpLocked());
  absl::StatusOr<hsm::CountedKey> key = device_.counted_keys()->Define(unlock_key);
  Note(key.status()).IgnoreError();
  if (key.ok()) {
    known_.insert(key->index);
  } else if (!absl::IsResourceExhausted(key.status())) {
    const std::lock_guard lock(mutex_);
    lost_ = true;
  }
  return key;
}

void ChipIndices::Erased(const std::vector<Bytes>& keys) {
  const std::lock_guard lock(mutex_);
  erased_.insert(erased_.end(), keys.begin(), keys.end());
}

bool ChipIndices::untidy() const {
  const std::lock_guard lock(mutex_);
  return lost_ || !erased_.empty();
}

absl::Status ChipIndices::TidyUp() {
  const std::lock_guard making(making_);
  return TidyUpLocked();
}

absl::Status ChipIndices::TidyUpLocked() {
  LABREC_RETURN_IF_ERROR(DeleteLost());
  std::vector<Bytes> erased;
  {
    const std::lock_guard lock(mutex_);
    erased = std::exchange(erased_, {});
  }
  for (size_t i = 0; i < erased.size(); ++i) {
    const absl::Status deleted = DeleteErased(erased[i]);
    if (deleted.ok()) continue;
    Erased({erased.begin() + static_cast<std::ptrdiff_t>(i), erased.end()});
    return deleted;
  }
  return absl::OkStatus();
}

// What the chip holds and nobody knows is what the lost answer was about.
absl::Status ChipIndices::DeleteLost() {
  {
    const std::lock_guard lock(mutex_);
    if (!lost_) return absl::OkStatus();
  }
  const absl::StatusOr<std::vector<hsm::FoundCountingIndex>> listed = device_.counted_keys()->List();
  LABREC_RETURN_IF_ERROR(Note(listed.status()));
  for (const hsm::FoundCountingIndex& each : *listed) {
    if (known_.contains(each.index)) continue;
    const absl::Status deleted = DeleteKnown(each.index);
    if (absl::IsUnavailable(deleted)) return deleted;
    if (deleted.ok()) {
      spdlog::info("deleted index {:#010x}, whose making was interrupted", each.index);
      continue;
    }
    known_.insert(each.index);
    LeaveToNextStart(each.index, deleted);
  }
  const std::lock_guard lock(mutex_);
  lost_ = false;
  return absl::OkStatus();
}

// OK unless it is worth another attempt.
absl::Status ChipIndices::DeleteErased(ByteView encoded) {
  const absl::StatusOr<hsm::CountedKey> key = hsm::DecodeCountedKey(encoded);
  if (!key.ok()) {
    spdlog::error("the key of an erased version is damaged, its index stays in the chip: {}",
                  std::string(key.status().message()));
    return absl::OkStatus();
  }
  absl::Status status = Note(device_.counted_keys()->ReadUse(*key).status());
  if (absl::IsFailedPrecondition(status)) return absl::OkStatus();  // gone, or another key's by now
  if (status.ok()) status = DeleteKnown(key->index);
  if (status.ok() || absl::IsUnavailable(status)) return status;
  LeaveToNextStart(key->index, status);
  return absl::OkStatus();
}

absl::Status ChipIndices::DeleteKnown(uint32_t index) {
  const absl::Status deleted = Note(device_.counted_keys()->Delete(index));
  if (deleted.ok()) known_.erase(index);
  return deleted;
}

}  // namespace labrec::recovery
