#pragma once

#include <cstddef>

#include "recovery/client/base/attest_demand.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/attest.h says what it does. The host must see the TLS key that the realm shows: UNAVAILABLE
// if it does not. `demand` outlives the task.
Task<RealmAttestation> AttestRealm(Scope& scope, Account& account, size_t realm, const AttestDemand& demand);

Task<DeviceClaims> AskDeviceClaims(Scope& scope, Account& account, size_t realm);

}  // namespace labrec::recovery::client::core
