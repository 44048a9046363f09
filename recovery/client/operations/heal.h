#pragma once

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/pin_change.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// Brings a record to every realm of the list again, where a realm was down, is new in the list, or lost it:
// recovers with the PIN, and seals the same secret under the same PIN anew, with the threshold and guess
// limit it had. Nothing is sealed where every realm holds the version and has activated it: the result is
// then that version. Who signs, `holders`, lifetimes and errors as in ChangePin. (labyrinth-recover asks for
// the status first, and for the PIN only where something is to be healed.)
Task<PinChange> Heal(Scope& scope, Account& account, RecoverRequest request, Holders holders,
                     const SecretBytes& pin, const Signer* device);

}  // namespace labrec::recovery::client::core
