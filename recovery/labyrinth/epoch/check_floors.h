#pragma once

#include <string>
#include <vector>

#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/epoch.h"

namespace labrec::recovery::labyrinth {

// A realm whose floor does not fit the history, and is not believed.
struct DoubtedFloor {
  std::string realm;
  std::string why;
};

// Holds what the realms say against the history that ends with `newest`. A realm's floor fits if the history
// reaches its number and has its digest there: whoever made the digest knew that epoch's root.
//
// One that does not fit counts if its device is a member of the epoch walked to (the floor's own, or the
// newest one if the floor is higher) and of the newest one, by the opening record or by an entry with a
// membership MAC: then the store hides epochs or shows others, DATA_LOSS (kTruncated, kForked). A device that
// was revoked since may say of its own epochs what it likes. Otherwise nobody can tell whether the
// realm made it up or the store hides who signed it: its realm is doubted and the others are asked. If T of
// them fit the history (or have no floor), it stands, and the doubted ones are returned. If not, and more
// than N - T realms are doubted, they cannot all be lying: DATA_LOSS again. Otherwise UNAVAILABLE
// (kUnproven): others must answer.
//
// Believed without proof: the silence of T realms. A lying realm and a store together can hide epochs from
// whoever was no member of them, while an honest realm lags behind.
absl::StatusOr<std::vector<DoubtedFloor>> CheckFloors(MessageStore& store, const AccountName& account,
                                                      const Epoch& newest, const FloorClaims& floors);

}  // namespace labrec::recovery::labyrinth
