#pragma once

#include <optional>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "hsm/pkcs11/anchor/ratchet.h"
#include "hsm/pkcs11/token/connection.h"

namespace labrec::hsm::pkcs11 {

// The key ratchet: each epoch has its own HMAC key on the token. Prepare makes a key of its own for the next
// epoch, with it the evidence, and destroys what earlier Prepares of that epoch left; Commit destroys every
// other key of the next epoch, and the current one. The key under which an old state was attested then no
// longer exists anywhere, so nothing accepts that state.
//
// Commit makes only a key current that this object made after its claim, and no key is destroyed but by
// somebody who looked at his claim after he had seen the key. Otherwise, of two processes on copies of one
// storage:
//   1. A prepared epoch e + 1, with key A1, and was stopped;
//   2. B claims, looks at the token, and is held up before it destroys A1, to prepare a state of its own;
//   3. A is started again, claims, finds its state one ahead and commits it: A1 is the current key;
//   4. B goes on, destroys A1, and then finds its claim gone. No key is left: no state is ever fresh again.
// With it, A commits under a key that B has not seen. And a key is made before others are destroyed: A may be
// held up in a commit instead, and destroy the key of e after B has destroyed A1.
//
// A key that a service makes after it lost the anchor is destroyed by whoever holds it, at his next Prepare
// or Commit: anchor/ratchet.h says which one can be told, and when.
//
// Of an epoch below the current one only that can be said: Check calls it kStale without judging its
// evidence. Rests on the token: where its objects can be copied back (files of SoftHSM2, nShield's host-kept
// keys), whoever does that revives an epoch.
class KeyRatchetAnchor : public FreshnessAnchor {
 public:
  KeyRatchetAnchor(Connection& connection, Scope scope) : connection_(connection), scope_(std::move(scope)) {}

  absl::Status Claim() override;
  absl::Status CheckClaim() override;
  absl::StatusOr<uint64_t> CurrentEpoch() override;
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override;
  absl::Status Commit(uint64_t epoch) override;
  absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) override;
  absl::Status ClearSpoilt(uint64_t known_epoch) override;
  AnchorWear wear() const override { return {"pkcs11-key-ratchet", commits_}; }

 private:
  absl::Status RequireClaim(const Session& session) const;
  absl::StatusOr<RatchetView> LookAt(const Session& session);
  absl::StatusOr<Bytes> PrepareIn(const Session& session, uint64_t epoch, const Digest& digest);
  absl::Status CommitIn(const Session& session, uint64_t epoch);
  absl::StatusOr<FreshnessReport> CheckIn(const Session& session, uint64_t epoch, const Digest& digest,
                                          ByteView evidence);
  // Every key that the view shows but ours.
  absl::Status DestroyOthers(const Session& session, const RatchetView& view);
  // Makes the key; once more a look at the claim.
  absl::StatusOr<RatchetKey> MakeOurs(const Session& session, const RatchetKeyId& id);
  // These keys but the one of the state that Check found one ahead.
  std::vector<RatchetKey> Abandoned(const std::vector<RatchetKey>& keys) const;
  // OK if our key is among them. FAILED_PRECONDITION: we made none since the claim; DATA_LOSS: it is gone.
  absl::Status RequireOursAmong(const std::vector<RatchetKey>& keys, uint64_t epoch) const;
  // DATA_LOSS if we know the key that attests the state of this key's epoch, and this is another one.
  absl::Status RequireOurs(const RatchetKey& key) const;
  Bytes MacInput(uint64_t epoch, const Digest& digest) const;

  Connection& connection_;
  const Scope scope_;
  std::optional<Bytes> claim_;
  std::optional<RatchetKeyId> ours_;   // the key of the state that we prepared last
  bool prepared_ = false;              // whether it was made since the claim
  std::optional<RatchetKeyId> mine_;   // the key that we made the current one since the claim
  std::optional<RatchetKeyId> found_;  // the key of the state that Check found one ahead since the claim
  uint64_t floor_ = 0;                 // the highest epoch that was current since this object was made
  uint64_t commits_ = 0;
};

}  // namespace labrec::hsm::pkcs11
