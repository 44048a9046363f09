#include "recovery/engine/device/executor_anchor.h"

#include <optional>
#include <utility>

namespace labrec::recovery {
namespace {

template <typename Call>
auto RunOn(DeviceExecutor& executor, Turn turn, Call call) {
  std::optional<decltype(call())> result;
  executor.Run(
      JobKind::kAnchor, [&] { result.emplace(call()); }, turn);
  return *std::move(result);
}

}  // namespace

absl::Status ExecutorAnchor::Claim() {
  return RunOn(executor_, Turn::kNext, [&] {
    absl::Status status = anchor_.Claim();
    NoteWear();
    return status;
  });
}

absl::Status ExecutorAnchor::CheckClaim() {
  return RunOn(executor_, Turn::kNext, [&] { return anchor_.CheckClaim(); });
}

absl::StatusOr<uint64_t> ExecutorAnchor::CurrentEpoch() {
  return RunOn(executor_, Turn::kNext, [&] { return anchor_.CurrentEpoch(); });
}

absl::StatusOr<Bytes> ExecutorAnchor::Prepare(uint64_t epoch, const Digest& digest) {
  return RunOn(executor_, Turn::kNext, [&] { return anchor_.Prepare(epoch, digest); });
}

absl::Status ExecutorAnchor::Commit(uint64_t epoch) {
  return RunOn(executor_, Turn::kLast, [&] {
    absl::Status status = anchor_.Commit(epoch);
    NoteWear();
    return status;
  });
}

absl::StatusOr<hsm::FreshnessReport> ExecutorAnchor::Check(uint64_t epoch, const Digest& digest,
                                                           ByteView evidence) {
  return RunOn(executor_, Turn::kNext, [&] { return anchor_.Check(epoch, digest, evidence); });
}

void ExecutorAnchor::NoteWear() {
  hsm::AnchorWear wear = anchor_.wear();
  const std::lock_guard lock(mutex_);
  wear_ = std::move(wear);
}

hsm::AnchorWear ExecutorAnchor::wear() const {
  const std::lock_guard lock(mutex_);
  return wear_;
}

}  // namespace labrec::recovery
