#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "recovery/client/base/realm_set.h"
#include "recovery/client/epoch_floor.h"
#include "recovery/labyrinth/base/floor.h"

namespace labrec::mailbox {

// The epoch floor of an account's record, kept by all realms of the recovery service. A floor counts as kept
// once all holders of the record but T - 1 have it, whatever the others say: then any T of them, which a
// recovery needs, include one that has it. The others get it when a device syncs again.
class RecoveryFloor : public recovery::labyrinth::FloorKeeper {
 public:
  struct Options {
    const recovery::client::RealmSet& realms;
    std::string record;
    uint32_t threshold;                // T
    std::filesystem::path device_key;  // of this device, which the realms have enrolled; read when needed
  };
  explicit RecoveryFloor(Options options) : options_(std::move(options)) {}

  // What the realms that answered say, whether they have such a record or not. At least T must answer.
  // PERMISSION_DENIED (kLeftOut) if so many do not know this device (any more) that T cannot answer;
  // UNAVAILABLE (IsTooFewRealms).
  absl::StatusOr<recovery::labyrinth::FloorClaims> ReadFloor() override;
  // Asks nobody if the last ReadFloor found enough realms at this floor, and none that answered elsewhere.
  // FAILED_PRECONDITION as CheckRaise if too few took it and one has a higher or conflicting one; else as
  // ReadFloor.
  absl::Status RaiseFloor(const recovery::labyrinth::Floor& floor) override;

  // "alpha: why" of the realms where the last raise did not succeed although it counts.
  const std::vector<std::string>& behind() const { return behind_; }

 private:
  // The calls; tests have realms of their own.
  virtual absl::StatusOr<recovery::client::FloorReading> Read();
  virtual absl::StatusOr<std::vector<recovery::client::RealmReport>> Raise(
      const recovery::labyrinth::Floor& floor);

  Options options_;
  std::optional<recovery::labyrinth::Floor> settled_;  // where enough realms stand, and all that answered
  std::vector<std::string> behind_;
};

}  // namespace labrec::mailbox
