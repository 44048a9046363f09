#pragma once

#include <mutex>
#include <set>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/device.h"
#include "recovery/engine/device/health.h"

namespace labrec::recovery {

// The counting indices of a chip over their lives: made for a version, deleted once no row names them any
// more, however often the device goes away in between. A handle is somebody else's as soon as it is free, so
// an index is deleted only while it is that of the very key that was erased.
//
// Functions but for Erased and untidy are called on threads of the device, and only where it can count.
// Device and health outlive this object.
class ChipIndices {
 public:
  ChipIndices(hsm::Device& device, DeviceHealth& health) : device_(device), health_(health) {}

  // All that are in the chip. Before any other call, as what is found is then known, and what is neither
  // found nor made by Define is not.
  absl::StatusOr<std::vector<hsm::FoundCountingIndex>> Find();
  // Deletes one of them that no row names.
  absl::Status Delete(uint32_t index);

  // See CountedKeys::Define. Before that it tidies up, so that a handle is not taken again while it is not
  // certain whether its old index is gone; UNAVAILABLE if it cannot.
  absl::StatusOr<hsm::CountedKey> Define(const EcdsaPublicKey& unlock_key);

  // No row names the indices of these keys (hsm::Encode) any more: TidyUp deletes them. Any thread.
  void Erased(const std::vector<Bytes>& keys);
  // Whether there is something to tidy up. Any thread.
  bool untidy() const;
  // Deletes the indices of erased keys, and one that a Define made whose answer was lost. UNAVAILABLE: the
  // device is away, the rest waits for the next call. What fails otherwise is logged and left to the next
  // start.
  absl::Status TidyUp();

 private:
  absl::Status TidyUpLocked();
  absl::Status DeleteLost();
  absl::Status DeleteErased(ByteView key);
  absl::Status DeleteKnown(uint32_t index);
  absl::Status Note(absl::Status status);

  hsm::Device& device_;
  DeviceHealth& health_;
  std::mutex making_;         // held over calls of the device that make or delete
  std::set<uint32_t> known_;  // under making_: found, or made, and not deleted
  mutable std::mutex mutex_;
  std::vector<Bytes> erased_;
  bool lost_ = false;  // a Define failed, and it may have made an index
};

}  // namespace labrec::recovery
