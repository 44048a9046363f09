#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/pkcs11/anchor/names.h"
#include "hsm/pkcs11/token/objects.h"

// The keys of a ratchet, and the claim to it, as they lie on the token.
namespace labrec::hsm::pkcs11 {

struct RatchetKey {
  RatchetKeyId id;
  TokenObject object;
};

// What the ratchet shows. `next` are keys made for the epoch after the current one: several, where a start
// replaces a key that it found, or where services were killed.
// Without a current key they are rivals: the next epoch has been counted, but it is nobody's before one of
// them is left. Until then the epoch of the destroyed key counts as the current one.
// `strays` attest nothing: services that had lost the anchor made them too late.
struct RatchetView {
  std::optional<RatchetKey> current;  // nullopt: destroyed, and rivals are left
  std::vector<RatchetKey> next;       // two at least, if there is no current key
  std::vector<RatchetKey> strays;

  uint64_t epoch() const { return current.has_value() ? current->id.epoch : next.front().id.epoch - 1; }
  // Names the current key, also when it is destroyed: the parent of each key in `next`.
  const Bytes& nonce() const {
    return current.has_value() ? current->id.nonce : next.front().id.parent_nonce;
  }
};

// The ratchet as it lies on the token. It leaves a key and its children of the next epoch, or such children
// alone; older than these two epochs are strays. Anything else is DATA_LOSS; so is no key at all, which is of
// ErrorClass::kHandle, so that a connection looks once more.
// Who claimed the anchor and committed the key `mine` after that knows more: while it is there it is the
// current one, its children are next, and all else is astray. Such a caller looks at his claim before he acts
// by what he saw.
// Ends with a use of one key, which fails if the token vanished while we looked:
// so a key that was not seen is not there.
//
// Keys name their parents because of this attack on two processes that serve copies of one storage:
//   1. B looks at the token, which is at epoch e, and is held up before it makes its key of e + 1;
//   2. A takes the anchor over, goes on to e + 2 and answers;
//   3. B goes on: it makes a key of e + 1 and with it evidence for its own state. Now two keys follow each
//      other, and B's state would be the current one.
// A's key of e + 2 is not the child of B's key, so this is DATA_LOSS.
//
// Strays come of this:
//   1. B looks at the token, and at its claim, and is held up before it makes its key of e + 1;
//   2. A takes the anchor over and goes on;
//   3. B makes its key, finds its claim gone, and is killed before it has destroyed the key.
// Nobody gave evidence under it. Beside the current key, of e + 2 then, it can still be told by A alone: it
// could be the current one, and A's the late one. So a start there is refused, if A was killed as well.
absl::StatusOr<RatchetView> LookAtRatchet(const Session& session, const Scope& scope,
                                          const std::optional<RatchetKeyId>& mine = std::nullopt);

// OK if the token has a key of the ratchet or a claim to it: then it is the realm's token, whatever became of
// the other objects. LostObject's error: it has neither.
absl::Status FindTraceOfRatchet(const Session& session, const Scope& scope);

// Makes a key. Not while another key is made on the token: SoftHSM2 sometimes fails then.
absl::StatusOr<RatchetKey> MakeRatchetKey(const Session& session, const Scope& scope, const RatchetKeyId& id);

// Destroys a key and looks whether it is gone. UNAVAILABLE if not.
absl::Status DestroyRatchetKey(const Session& session, const Scope& scope, const RatchetKey& key);

// Makes a key of an epoch above all on the token and above `known_epoch`, a child of none of them, and
// destroys all others: whatever state one of them attested is stale then. For the operator alone
// (FreshnessAnchor::ClearSpoilt). Nobody can tell which keys a late service made, so none is kept.
// FAILED_PRECONDITION: there is no epoch above.
absl::Status StartRatchetAnew(const Session& session, const Scope& scope, uint64_t known_epoch);

// A claim is a token object with a random name: making it and destroying all others takes the anchor over.
// Returns its name once no other claim is left.
absl::StatusOr<Bytes> MakeClaim(const Session& session, const Scope& scope);

// DATA_LOSS if the claim is no longer the only one.
absl::Status CheckClaim(const Session& session, const Scope& scope, ByteView claim);

}  // namespace labrec::hsm::pkcs11
