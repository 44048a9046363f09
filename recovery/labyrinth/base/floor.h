#pragma once

#include <optional>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"

namespace labrec::recovery::labyrinth {

// What the recovery service keeps beside the record: the newest epoch that is known to exist, and which one
// it is.
struct Floor {
  uint64_t sequence = 0;
  Digest digest{};  // Epoch::GetFloor

  bool operator==(const Floor&) const = default;
};

// Where an account's floor is kept: the recovery service, through its client library. It must not be the
// message store. Raising takes an enrolled device's signature, which the implementation makes; an account
// with several records raises all their floors. One thread at a time.
class FloorKeeper {
 public:
  virtual ~FloorKeeper() = default;
  // nullopt if none was raised yet. Costs no guess.
  virtual absl::StatusOr<std::optional<Floor>> ReadFloor() = 0;
  // Durable when it returns OK. FAILED_PRECONDITION if the kept one is higher, or has this number and another
  // digest (CheckRaise); raising to what is kept already is OK, and happens at every sync.
  virtual absl::Status RaiseFloor(const Floor& floor) = 0;
};

// The floor of an account without a record. Nothing is kept, so nobody notices what the store hides.
class NoFloor : public FloorKeeper {
 public:
  absl::StatusOr<std::optional<Floor>> ReadFloor() override { return std::nullopt; }
  absl::Status RaiseFloor(const Floor&) override { return absl::OkStatus(); }
};

// The rule of RaiseFloor. FAILED_PRECONDITION with kTruncated (lower) or kForked (conflicting).
absl::Status CheckRaise(const std::optional<Floor>& kept, const Floor& proposed);

}  // namespace labrec::recovery::labyrinth
