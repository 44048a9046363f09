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
// when so many realms have it that any T of them, which a recovery needs, include one that does: all holders
// of the record but T - 1. The others get it when a device syncs again.
class RecoveryFloor : public recovery::labyrinth::FloorKeeper {
 public:
  struct Options {
    const recovery::client::RealmSet& realms;
    std::string record;
    uint32_t threshold;                // T
    std::filesystem::path device_key;  // of this device, which the realms have enrolled; read when needed
  };
  explicit RecoveryFloor(Options options) : options_(std::move(options)) {}

  // The highest of the realms' floors; nullopt also if they have no such record. At least T must answer.
  // PERMISSION_DENIED (kLeftOut) if so many do not know this device (any more) that T cannot answer;
  // DATA_LOSS (kForked) if two give different floors of the highest number; UNAVAILABLE (IsTooFewRealms).
  absl::StatusOr<std::optional<recovery::labyrinth::Floor>> ReadFloor() override;
  // Asks nobody if the last ReadFloor found every realm that answered at this floor. FAILED_PRECONDITION as
  // CheckRaise if one realm has a higher or conflicting one; else as ReadFloor.
  absl::Status RaiseFloor(const recovery::labyrinth::Floor& floor) override;

  // "alpha: why" of the realms where the last raise did not succeed although it counts.
  const std::vector<std::string>& behind() const { return behind_; }

 private:
  Options options_;
  std::optional<recovery::labyrinth::Floor> settled_;  // where all that answered stand
  std::vector<std::string> behind_;
};

// The rules, pure.
using MaybeFloor = std::optional<recovery::labyrinth::Floor>;
// The highest floor, which all realms that have a floor of its number must agree on.
absl::StatusOr<MaybeFloor> HighestFloor(const std::vector<recovery::client::RealmFloor>& floors);
absl::StatusOr<MaybeFloor> JudgeReading(const recovery::client::FloorReading& reading, uint32_t threshold);
absl::Status JudgeRaise(const std::vector<recovery::client::RealmReport>& reports, uint32_t threshold);

}  // namespace labrec::mailbox
