#pragma once

#include <vector>

#include "recovery/client/base/device_list.h"
#include "recovery/client/base/realm_set.h"

namespace labrec::recovery::client {

// The account's devices at every realm, in share order: enrolment is per realm, and nobody else compares
// them. A realm that shows an id which is not that of the key beside it is kFaulty. Blocks; any thread.
std::vector<DeviceList> ListDevices(const RealmSet& realms);

}  // namespace labrec::recovery::client
