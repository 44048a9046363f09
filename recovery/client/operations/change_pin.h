#pragma once

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/outcome.h"
#include "recovery/client/base/pin_change.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/change_pin.h says what it does. What is passed by reference outlives the task, and so does
// the device's key, which may be null.
Task<PinChange> ChangePin(Scope& scope, Account& account, RecoverRequest request, Holders holders,
                          const SecretBytes& old_pin, const SecretBytes& new_pin, const Signer* device);

// Seals what was recovered again, under `new_pin`: the version before gives way to it. For who recovered with
// ChipRefill::kLater; where it comes to nothing the old version's chips are refilled.
Task<PinChange> SealAgain(Scope& scope, Account& account, Recovered& recovered, Holders holders,
                          const SecretBytes& new_pin, const Signer* device);
// What a recovery came to that did not recover.
PinChange NotRecovered(RecoverOutcome outcome);

}  // namespace labrec::recovery::client::core
