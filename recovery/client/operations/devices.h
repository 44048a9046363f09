#pragma once

#include <array>
#include <string>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "recovery/client/base/device_list.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

// The operations on devices; recovery/client/enroll.h and revoke_device.h say what they do.
namespace labrec::recovery::client::core {

// `device` signs the proof that the key is there; `authority` may be null. A report per realm.
Task<std::vector<RealmReport>> EnrollDevice(Scope& scope, Account& account, const EcdsaPublicKey& key,
                                            const Signer& device, std::string name, const Signer* authority);

Task<std::vector<RealmReport>> RevokeDevice(Scope& scope, Account& account, std::array<uint8_t, 16> device_id,
                                            const Signer& signer);

Task<std::vector<DeviceList>> ListDevices(Scope& scope, Account& account);

}  // namespace labrec::recovery::client::core
