#pragma once

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/outcome.h"
#include "recovery/client/base/recover_request.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/recover.h says what it does. `pin` outlives the task.
Task<RecoverOutcome> Recover(Scope& scope, Account& account, RecoverRequest request, const SecretBytes& pin);
// The same. `recovered` outlives the task.
Task<> RefillChipGuesses(Scope& scope, Account& account, Recovered& recovered);

}  // namespace labrec::recovery::client::core
