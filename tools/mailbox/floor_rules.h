#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/client/base/realm_floor.h"
#include "recovery/labyrinth/base/floor.h"

// What the realms' answers about an epoch floor come to. Pure.
namespace labrec::mailbox {

// What realms gave, for CheckFloors: `answers` of `realms` did their part.
recovery::labyrinth::FloorClaims ClaimsOf(const std::vector<recovery::client::RealmFloor>& floors,
                                          size_t realms, size_t answers, uint32_t threshold);
absl::StatusOr<recovery::labyrinth::FloorClaims> ClaimsOf(const recovery::client::FloorReading& reading,
                                                          uint32_t threshold);
// The floor at which all realms that have the record stand, if they are so many that a raise to it counts.
std::optional<recovery::labyrinth::Floor> SettledAt(const recovery::client::FloorReading& reading,
                                                    uint32_t threshold);
absl::Status CheckRaised(const std::vector<recovery::client::RealmReport>& reports, uint32_t threshold);

// Why fewer realms than needed did their part.
absl::Status TooFewForFloor(const std::vector<recovery::client::RealmReport>& reports, uint32_t threshold);
// "alpha: why" of the realms that did not do it, though they have the record.
std::vector<std::string> FloorFailures(const std::vector<recovery::client::RealmReport>& reports);

}  // namespace labrec::mailbox
