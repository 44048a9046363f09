#pragma once

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/seal_request.h"
#include "recovery/client/core/signer.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// recovery/client/seal.h says what it does. What is passed by reference outlives the task.
Task<Sealed> Seal(Scope& scope, Account& account, const SealRequest& request, const SecretBytes& secret,
                  const SecretBytes& pin, const Signer& signer);

}  // namespace labrec::recovery::client::core
