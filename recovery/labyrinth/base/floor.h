#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"
#include "recovery/labyrinth/base/ids.h"

namespace labrec::recovery::labyrinth {

// What the recovery service keeps beside the record: the newest epoch that is known to exist, and which one
// it is.
struct Floor {
  uint64_t sequence = 0;
  Digest digest{};  // Epoch::GetFloor

  bool operator==(const Floor&) const = default;
};

// A floor as one realm of the recovery service gave it. A claim: a realm can sign with any key that it makes.
struct FloorClaim {
  std::string realm;
  Floor floor;
  MemberId device{};  // the device whose signature over it is right
};

// What the realms say where the floor is. CheckFloors (epoch/check_floors.h) holds it against the history.
// The default: nobody keeps a floor.
struct FloorClaims {
  std::vector<FloorClaim> claims;  // at most one for each realm
  size_t realms = 1;               // N: how many keep it or could
  size_t answers = 1;              // how many answered: with a claim, or that they have none
  size_t needed = 1;               // T: how many answers must fit the history
};

// Where an account's floor is kept: the recovery service, through its client library. It must not be the
// message store. Raising takes an enrolled device's signature, which the implementation makes; an account
// with several records raises all their floors. One thread at a time.
class FloorKeeper {
 public:
  virtual ~FloorKeeper() = default;
  // What at least T realms say, none of it judged. Costs no guess.
  virtual absl::StatusOr<FloorClaims> ReadFloor() = 0;
  // Durable when it returns OK, at so many realms that every T of them include one that has it: what the
  // others say does not count. FAILED_PRECONDITION if too few took it because they have a higher one, or one
  // of this number with another digest (CheckRaise). Raising to what is kept already is OK, and happens at
  // every sync.
  virtual absl::Status RaiseFloor(const Floor& floor) = 0;
};

// The floor of an account without a record. Nothing is kept, so nobody notices what the store hides.
class NoFloor : public FloorKeeper {
 public:
  absl::StatusOr<FloorClaims> ReadFloor() override { return FloorClaims{}; }
  absl::Status RaiseFloor(const Floor&) override { return absl::OkStatus(); }
};

// The rule of RaiseFloor. FAILED_PRECONDITION with kTruncated (lower) or kForked (conflicting).
absl::Status CheckRaise(const std::optional<Floor>& kept, const Floor& proposed);

}  // namespace labrec::recovery::labyrinth
