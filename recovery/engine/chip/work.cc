#include "recovery/engine/chip/work.h"

#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "recovery/engine/call/refusal.h"
#include "recovery/engine/device/failure.h"

namespace labrec::recovery {
namespace {

// How a call on the chip ended, as its client may hear it; the operator's log has the chip's own words.
absl::Status ToldOfChip(const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status) || IsInOwnWords(status)) return status;
  if (absl::IsPermissionDenied(status)) {
    return InOwnWords(absl::PermissionDeniedError(
        "signature: is not the unlock key's over this write of this version's index in this session"));
  }
  if (absl::IsNotFound(status)) {
    return InOwnWords(
        absl::NotFoundError("the write session is unknown or has ended: begin the write again"));
  }
  spdlog::error("the chip did not do what a client asked for: {}", std::string(status.message()));
  if (absl::IsFailedPrecondition(status)) {
    return InOwnWords(absl::FailedPreconditionError(
        "the realm's chip does not have this version's index any more: nobody can guess at it"));
  }
  if (absl::IsDataLoss(status)) {
    return InOwnWords(
        absl::DataLossError("the realm's chip does not count as it must: nothing was evaluated"));
  }
  return ForCaller(status);
}

}  // namespace

absl::Status ChipWork::Available() const {
  if (device_.counted_keys() == nullptr) {
    const std::string& why = device_.description().no_counted_keys;
    return InOwnWords(absl::FailedPreconditionError("this realm takes no chip-enforced records: " +
                                                    (why.empty() ? "its device cannot count" : why)));
  }
  if (device_.attester() != nullptr) return absl::OkStatus();
  return InOwnWords(absl::FailedPreconditionError(
      "this realm takes no chip-enforced records: its device cannot prove what is in it"));
}

void ChipWork::Submit(size_t units, absl::AnyInvocable<void(hsm::Device&)> job) {
  executor_.Submit(JobKind::kChip, units, [this, job = std::move(job)]() mutable { job(device_); });
}

void ChipWork::Run(absl::AnyInvocable<void(hsm::Device&)> job) {
  executor_.Run(
      JobKind::kChip, [this, &job] { job(device_); }, Turn::kLast);
}

void ChipWork::TidyUp() {
  if ((!indices_.untidy() && !look_again_) || device_.counted_keys() == nullptr) return;
  Submit(1, [this](hsm::Device&) {
    const absl::Status tidy = indices_.TidyUp();
    if (!tidy.ok()) spdlog::info("indices wait to be deleted: {}", std::string(tidy.message()));
    LookAtRoom();
  });
}

absl::Status ChipWork::Note(absl::Status status) {
  health_.Note(status);
  return ToldOfChip(status);
}

std::optional<hsm::CountedCapacity> ChipWork::room() const {
  const std::lock_guard lock(mutex_);
  return room_;
}

void ChipWork::LookAtRoom() {
  absl::StatusOr<hsm::CountedCapacity> capacity = device_.counted_keys()->Capacity();
  look_again_ = !Note(capacity.status()).ok();
  if (!capacity.ok()) return;
  const std::lock_guard lock(mutex_);
  room_ = *capacity;
}

}  // namespace labrec::recovery
