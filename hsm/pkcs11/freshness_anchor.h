#pragma once

#include <optional>

#include "hsm/base/bytes.h"
#include "hsm/freshness_anchor.h"
#include "hsm/pkcs11/connection.h"
#include "hsm/pkcs11/key_ratchet.h"

namespace labrec::hsm::pkcs11 {

// The key ratchet: each epoch has its own HMAC key on the token. Prepare makes the next epoch's key and its
// evidence, and so ends the evidence of any earlier Prepare of that epoch; Commit destroys the current key.
// The key under which an old state was attested then no longer exists anywhere, so nothing accepts that
// state.
//
// Of an epoch below the current one only that can be said: Check calls it kStale without judging its
// evidence. Rests on the token: where its objects can be copied back (files of SoftHSM2, nShield's host-kept
// keys), whoever does that revives an epoch.
class KeyRatchetAnchor : public FreshnessAnchor {
 public:
  KeyRatchetAnchor(Connection& connection, Scope scope) : connection_(connection), scope_(std::move(scope)) {}

  absl::Status Claim() override;
  absl::StatusOr<uint64_t> CurrentEpoch() override;
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override;
  absl::Status Commit(uint64_t epoch) override;
  absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) override;
  absl::Status ClearSpoilt() override;
  AnchorWear wear() const override { return {"pkcs11-key-ratchet", commits_}; }

 private:
  absl::Status RequireClaim(const Session& session) const;
  absl::StatusOr<RatchetView> LookAt(const Session& session);
  absl::StatusOr<Bytes> PrepareIn(const Session& session, uint64_t epoch, const Digest& digest);
  absl::Status CommitIn(const Session& session, uint64_t epoch);
  absl::StatusOr<FreshnessReport> CheckIn(const Session& session, uint64_t epoch, const Digest& digest,
                                          ByteView evidence);
  // DATA_LOSS if we know which key attests the state of this key's epoch, and it is another one.
  absl::Status RequireOurs(const RatchetKey& key) const;
  Bytes MacInput(uint64_t epoch, const Digest& digest) const;

  Connection& connection_;
  const Scope scope_;
  std::optional<Bytes> claim_;
  // The key of the state that we prepared last, or found one ahead.
  std::optional<RatchetKeyId> expected_;
  uint64_t floor_ = 0;  // the highest epoch that was current since this object was made
  uint64_t commits_ = 0;
};

}  // namespace labrec::hsm::pkcs11
