#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hsm/base/hash.h"
#include "recovery/client/base/realm_floor.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"

// recovery/client/epoch_floor.h says what they do.
namespace labrec::recovery::client::core {

Task<std::vector<RealmReport>> RaiseFloor(Scope& scope, Account& account, std::string record,
                                          uint64_t sequence, Digest digest, const Signer& signer);

Task<FloorReading> ReadFloor(Scope& scope, Account& account, std::string record, const Signer& signer);

}  // namespace labrec::recovery::client::core
