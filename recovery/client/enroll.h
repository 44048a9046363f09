#pragma once

#include <string>
#include <vector>

#include "recovery/client/base/device_key.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// Enrols a device at every realm, shown to others as `name` (at most 64 bytes). `authority`, an enrolled
// device or the authority of a recovered record, vouches for it; null asks as the account's first device, for
// which realms of policy "open" need the token alone. A device that is enrolled already is fine.
// kGood where it is enrolled now, else the realm's error. Blocks; any thread.
std::vector<RealmReport> EnrollDevice(const RealmSet& realms, const DeviceKey& device,
                                      const std::string& name, const RequestSigner* authority);

}  // namespace labrec::recovery::client
