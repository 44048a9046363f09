#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/client/base/attest_demand.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/attest.h says what it does. The host must see the TLS key that the realm shows: UNAVAILABLE
// if it does not. `demand` outlives the task.
Task<RealmAttestation> AttestRealm(Scope& scope, Account& account, size_t realm, const AttestDemand& demand);

// Asks all realms for their proof. From the start of this on, a realm of the account is asked for nothing
// else until it has given it, whatever it answers; afterwards it is believed on the TLS key that it proved
// itself on. An answer for each realm. `demand` outlives the task.
using Proofs = std::vector<absl::StatusOr<RealmAttestation>>;
Task<Proofs> RequireProofs(Scope& scope, Account& account, const AttestDemand& demand);

Task<DeviceClaims> AskDeviceClaims(Scope& scope, Account& account, size_t realm);

}  // namespace labrec::recovery::client::core
