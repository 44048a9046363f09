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
  Options options_;
  std::optional<recovery::labyrinth::Floor> settled_;  // where enough realms stand, and all that answered
  std::vector<std::string> behind_;
};

// The rules, pure.
//
// What realms gave, for CheckFloors: `answers` of `realms` did their part.
recovery::labyrinth::FloorClaims ClaimsOf(const std::vector<recovery::client::RealmFloor>& floors,
                                          size_t realms, size_t answers, uint32_t threshold);
absl::StatusOr<recovery::labyrinth::FloorClaims> ClaimsOf(const recovery::client::FloorReading& reading,
                                                          uint32_t threshold);
// The floor at which all realms that have the record stand, if they are so many that a raise to it counts.
std::optional<recovery::labyrinth::Floor> SettledAt(const recovery::client::FloorReading& reading,
                                                    uint32_t threshold);
absl::Status CheckRaised(const std::vector<recovery::client::RealmReport>& reports, uint32_t threshold);

}  // namespace labrec::mailbox
