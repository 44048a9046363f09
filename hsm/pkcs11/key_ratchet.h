#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/pkcs11/names.h"
#include "hsm/pkcs11/objects.h"

// The keys of a ratchet, and the claim to it, as they lie on the token.
namespace labrec::hsm::pkcs11 {

struct RatchetKey {
  RatchetKeyId id;
  TokenObject object;
};

// One key is the current epoch's; the other, if there is one, was made for the next while this one was
// current.
struct RatchetView {
  RatchetKey current;
  std::optional<RatchetKey> next;

  uint64_t epoch() const { return current.id.epoch; }
};

// LostObject's error: no key. DATA_LOSS: anything but one key, or a key and its child of the next epoch, as
// that is all the ratchet leaves behind. Ends with a use of the current key: had the token vanished while we
// looked, that would fail, so a key not seen is a key not there.
//
// Keys name their parents because of this attack on two processes that serve copies of one storage:
//   1. B looks at the token, which is at epoch e, and is held up before it makes its key of e + 1;
//   2. A takes the anchor over, goes on to e + 2 and answers;
//   3. B goes on: it makes a key of e + 1 and with it evidence for its own state. Now two keys follow each
//      other, and B's state would be the current one.
// A's key of e + 2 is not the child of B's key, so this is DATA_LOSS.
absl::StatusOr<RatchetView> LookAtRatchet(const Session& session, const Scope& scope);

// Makes a key. Not while another key is made on the token: SoftHSM2 sometimes fails then.
absl::StatusOr<RatchetKey> MakeRatchetKey(const Session& session, const Scope& scope, const RatchetKeyId& id);

// Destroys a key and looks whether it is gone. UNAVAILABLE if not.
absl::Status DestroyRatchetKey(const Session& session, const Scope& scope, const RatchetKey& key);

// Makes a key of an epoch above all on the token, a child of none of them, and destroys all others: whatever
// state one of them attested is stale then. For the operator alone (FreshnessAnchor::ClearSpoilt): which of
// the keys a late service made cannot be told, so none is kept.
absl::Status StartRatchetAnew(const Session& session, const Scope& scope);

// A claim is a token object with a random name: making it and destroying all others takes the anchor over.
// Returns its name once no other claim is left.
absl::StatusOr<Bytes> MakeClaim(const Session& session, const Scope& scope);

// DATA_LOSS if the claim is no longer the only one.
absl::Status CheckClaim(const Session& session, const Scope& scope, ByteView claim);

}  // namespace labrec::hsm::pkcs11
