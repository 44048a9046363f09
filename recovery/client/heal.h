#pragma once

#include "absl/status/statusor.h"

#include "recovery/client/base/pin_change.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"

namespace labrec::recovery::client {

// Brings a record to every realm of the list again, where a realm was down, is new in the list, or lost it:
// recovers with the PIN, and seals the same secret under the same PIN anew, with the threshold and guess
// limit it had. Nothing is sealed where every realm holds the version and has activated it; the result is
// then that version. Who signs, `holders` and errors as in ChangePin. Blocks; any thread.
absl::StatusOr<PinChange> Heal(const RealmSet& realms, const RecoverRequest& request, Holders holders,
                               const SecretBytes& pin, const RequestSigner* device);

}  // namespace labrec::recovery::client
