#include "recovery/engine/chip/work.h"

#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "recovery/engine/device/failure.h"

namespace labrec::recovery {

absl::Status ChipWork::Available() const {
  if (device_.counted_keys() == nullptr) {
    const std::string& why = device_.description().no_counted_keys;
    return absl::FailedPreconditionError("this realm takes no chip-enforced records: " +
                                         (why.empty() ? "its device cannot count" : why));
  }
  if (device_.attester() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this realm takes no chip-enforced records: its device cannot prove what is in it");
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
  return absl::IsResourceExhausted(status) ? ForCaller(status) : status;
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
