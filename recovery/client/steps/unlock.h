#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/base/realm_floor.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client::core {

struct Opened {
  SecretBytes secret;
  std::vector<RealmFloor> floors;  // highest first
};

// Unlocks the version at every member that evaluated, or was late to (it may have counted the guess), or
// takes none (it is locked or spent), which refills its guesses, and opens the sealed secret. DATA_LOSS if no
// realm gives one that opens. `reports` name realms that refused or gave another secret.
Task<Opened> UnlockAll(Scope& scope, Account& account, const ConfigGroup& group,
                       const RecordAuthority& authority, const std::vector<std::optional<Bytes>>& challenges,
                       std::vector<RealmReport>& reports);

// Activates the version where it is only pending and the realm just unlocked it. Best effort: a report turns
// to kPending where it did not succeed.
Task<> FinishActivation(Scope& scope, Account& account, const ConfigGroup& group,
                        const RecordAuthority& authority, std::vector<RealmReport>& reports);

// Unlocks at one realm only to give the version all its guesses; how many it has then.
Task<uint32_t> RefillAt(Scope& scope, Account& account, size_t realm, const RecordAuthority& authority);

}  // namespace labrec::recovery::client::core
