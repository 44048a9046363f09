#pragma once

#include <mutex>

#include "hsm/freshness_anchor.h"
#include "recovery/engine/device/executor.h"

namespace labrec::recovery {

// The anchor by way of an executor, which knows how long a call takes. Where a device bears one thread only,
// that thread serves the keys too. Prepare goes before the evaluations that wait, as storage is written
// meanwhile; Commit goes behind them, so that they are answered first. Both outlive this object. Not from the
// executor's thread.
class ExecutorAnchor : public hsm::FreshnessAnchor {
 public:
  ExecutorAnchor(hsm::FreshnessAnchor& anchor, DeviceExecutor& executor)
      : anchor_(anchor), executor_(executor) {}

  absl::Status Claim() override;
  absl::Status CheckClaim() override;
  absl::StatusOr<uint64_t> CurrentEpoch() override;
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override;
  absl::Status Commit(uint64_t epoch) override;
  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override;
  // As of the latest Claim or Commit: asking the device's thread would wait for it. Any thread.
  hsm::AnchorWear wear() const override;

 private:
  void NoteWear();  // on the executor's thread

  hsm::FreshnessAnchor& anchor_;
  DeviceExecutor& executor_;
  mutable std::mutex mutex_;
  hsm::AnchorWear wear_;
};

}  // namespace labrec::recovery
