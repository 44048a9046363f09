#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/api/wire/floor_messages.h"
#include "recovery/client/base/realm_floor.h"
#include "recovery/client/core/account.h"

namespace labrec::recovery::client::core {

// DATA_LOSS if a field is malformed, the device id is not the key's, or the signature is not the device's
// over the request that raised the floor at this realm. That the device is one of the account's is not known
// here.
absl::StatusOr<RealmFloor> CheckFloor(const Account& account, size_t realm, const std::string& record,
                                      const wire::Floor& floor);
void SortHighestFirst(std::vector<RealmFloor>& floors);

}  // namespace labrec::recovery::client::core
