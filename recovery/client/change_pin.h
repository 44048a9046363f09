#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/pin_change.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/base/request_signer.h"

namespace labrec::recovery::client {

// Recovers with the old PIN and seals the same secret under the new one, with the threshold and guess limit
// it had. The old PIN stays good until enough realms hold the new version. The unlock keys just recovered
// authorise it; where a realm does not hold the old version (it was down, or is new in the list), `device`
// does, which may be null. `holders` as in SealRequest. Errors of Recover and Seal.
absl::StatusOr<PinChange> ChangePin(const RealmSet& realms, const RecoverRequest& request, Holders holders,
                                    const SecretBytes& old_pin, const SecretBytes& new_pin,
                                    const RequestSigner* device);

}  // namespace labrec::recovery::client
