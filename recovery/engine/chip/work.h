#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "hsm/device.h"
#include "recovery/engine/chip/indices.h"
#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/health.h"

namespace labrec::recovery {

// What the chip shows, as rows have it: the uses since the latest write that left `granted` of them. The
// chip's own count never goes back.
inline hsm::UseCount SinceTheGrant(const hsm::UseCount& shown, uint32_t granted) {
  return {granted - std::min(granted, shown.left()), granted};
}

// How a call on the chip ended, as its client may hear it (InOwnWords): that the signature of a write is not
// good, that its session has ended, that the counter is gone, or that the device failed; the operator's log
// has the chip's own words. UNAVAILABLE and what is in our own words already stay as they are.
absl::Status ToldOfChip(const absl::Status& status);

// The chip that counts, on the threads of the device. Any thread may call; device, executor and health
// outlive this object and its jobs.
class ChipWork {
 public:
  ChipWork(hsm::Device& device, DeviceExecutor& executor, DeviceHealth& health)
      : device_(device), executor_(executor), health_(health), indices_(device, health) {}

  // OK, or FAILED_PRECONDITION saying why this device counts for no record, and what to do.
  absl::Status Available() const;

  // Runs `job` on a thread of the device. `units` is how many evaluations it makes. Only while Available().
  void Submit(size_t units, absl::AnyInvocable<void(hsm::Device&)> job);
  // The same, and waits for it. Not from a thread of the device.
  void Run(absl::AnyInvocable<void(hsm::Device&)> job);

  ChipIndices& indices() { return indices_; }
  // Has those indices deleted that no row names any more, and looks at the room again where the latest look
  // failed. Does nothing if there is neither. Called when the device is back, and after each batch.
  void TidyUp();

  // Takes note of how a call on the device ended. Returns what its caller hears: the same, but that the
  // device has no room is UNAVAILABLE, as the call may have counted. Any thread.
  absl::Status Note(absl::Status status);
  // How much room the chip had at the latest look: one at the start, one after each job that took or made
  // some. nullopt before the first.
  std::optional<hsm::CountedCapacity> room() const;
  // Looks. On a thread of the device.
  void LookAtRoom();

 private:
  hsm::Device& device_;
  DeviceExecutor& executor_;
  DeviceHealth& health_;
  ChipIndices indices_;
  std::atomic<bool> look_again_ = false;
  mutable std::mutex mutex_;
  std::optional<hsm::CountedCapacity> room_;
};

}  // namespace labrec::recovery
