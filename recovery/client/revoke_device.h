#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/request_signer.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// Takes a device's rights away at every realm, and with them the versions that it registered and nobody
// activated (UnactivatedOf in status.h). If the device was not stolen, recover them before: that activates
// them. Active versions stay, whoever registered them: after a theft look at what GetStatus shows. kGood: it
// is enrolled no more, or never was. kUnreachable, kRefused: it may still be. Blocks; any thread.
std::vector<RealmReport> RevokeDevice(const RealmSet& realms, const std::array<uint8_t, 16>& device_id,
                                      const RequestSigner& signer);

}  // namespace labrec::recovery::client
