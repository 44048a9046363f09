#pragma once

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/pin_change.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/heal.h says what it does. What is passed by reference outlives the task, and so does the
// device's key, which may be null.
Task<PinChange> Heal(Scope& scope, Account& account, RecoverRequest request, Holders holders,
                     const SecretBytes& pin, const Signer* device);

}  // namespace labrec::recovery::client::core
