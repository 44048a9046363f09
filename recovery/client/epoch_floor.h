#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hsm/base/hash.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/base/realm_floor.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// Raises the floor of a record at every realm; kGood where it now stands there (or stood there already).
std::vector<RealmReport> RaiseFloor(const RealmSet& realms, const std::string& record, uint64_t sequence,
                                    const Digest& digest, const DeviceKey& device);

// What the realms have as floor, for an enrolled device.
FloorReading ReadFloor(const RealmSet& realms, const std::string& record, const DeviceKey& device);

}  // namespace labrec::recovery::client
