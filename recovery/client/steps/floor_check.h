#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/client/base/realm_floor.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/grpc/messages.h"

namespace labrec::recovery::client {

// DATA_LOSS if a field is malformed, the device id is not the key's, or the signature is not the device's
// over the request that raised the floor at this realm.
absl::StatusOr<RealmFloor> CheckFloor(const RealmSet& realms, size_t realm, const std::string& record,
                                      const v1::Floor& floor);
void SortHighestFirst(std::vector<RealmFloor>& floors);

}  // namespace labrec::recovery::client
