#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/cancellation.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/base/realm_floor.h"
#include "recovery/client/base/realm_report.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/steps/guess.h"

namespace labrec::recovery::client {

struct Opened {
  SecretBytes secret;
  std::vector<RealmFloor> floors;  // highest first
};

// Unlocks the version at every member that evaluated, or was late to (it may have counted the guess), or
// takes none (it is locked or spent), which refills its guesses, and opens the sealed secret. DATA_LOSS if no
// realm gives one that opens. `reports` name realms that refused or gave another secret.
absl::StatusOr<Opened> UnlockAll(const RealmSet& realms, const ConfigGroup& group,
                                 const RecordAuthority& authority,
                                 const std::vector<std::optional<Bytes>>& challenges,
                                 std::vector<RealmReport>& reports);

// Activates the version where it is only pending and the realm just unlocked it. Best effort: a report turns
// to kPending where it did not succeed.
void FinishActivation(const RealmSet& realms, const ConfigGroup& group, const RecordAuthority& authority,
                      std::vector<RealmReport>& reports);

// Unlocks at one realm only to give the version all its guesses; how many it has then.
absl::StatusOr<uint32_t> RefillAt(const RealmSet& realms, size_t realm, const RecordAuthority& authority,
                                  Cancellation& cancellation);

}  // namespace labrec::recovery::client
