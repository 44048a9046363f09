#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/record_status.h"

namespace labrec::recovery::client {

// Asks every realm; costs no guess. `least_realms`, `least_from` as in RecoverRequest. Realms that do not
// answer are in the result as such. A realm that answers under another id than the list's is kFaulty.
RecordStatus GetStatus(const RealmSet& realms, const std::string& record, uint32_t least_realms,
                       LeastFrom least_from = LeastFrom::kDefault);

// The versions that this device registered and that are active nowhere, as realms say: they go with it when
// it is revoked.
std::vector<uint32_t> UnactivatedOf(const RecordStatus& status, ByteView device_id);

}  // namespace labrec::recovery::client
