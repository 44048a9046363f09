#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/pkcs11/anchor/state.h"
#include "hsm/pkcs11/token/loaded_realm.h"

// What provisioning makes on a token, and how it is found and removed again.
namespace labrec::hsm::pkcs11 {

// Makes the two keys. After a failure some of it may be there: call RemoveAll.
absl::StatusOr<PinnedKeys> MakeKeys(const Session& session, const Scope& scope);

// Makes the ratchet's first key, of epoch 1. After a failure it may be there.
absl::Status MakeAnchor(const Session& session, const Scope& scope);

// Finds the keys and proves that they are the pinned ones; looks that there is an anchor, if one belongs
// there. LostObject's error: a key is gone. FAILED_PRECONDITION: it is another key.
absl::StatusOr<KeyHandles> FindPinned(const Session& session, const State& state);

// Destroys everything that this provisioning made, and looks. OK if there was nothing.
absl::Status RemoveAll(const Session& session, const Scope& scope);

}  // namespace labrec::hsm::pkcs11
