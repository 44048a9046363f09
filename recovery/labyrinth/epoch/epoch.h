#pragma once

#include <string_view>

#include "hsm/base/hash.h"
#include "recovery/labyrinth/base/floor.h"
#include "recovery/labyrinth/base/ids.h"

namespace labrec::recovery::labyrinth {

// An epoch that one may read: its root and what is derived from it. docs/labyrinth.md, "Epoch keys".
class Epoch {
 public:
  // `root` has 32 bytes; `opening_hash` is SHA-256 of the epoch's opening record.
  Epoch(uint64_t sequence, const EpochId& id, const Digest& opening_hash, SecretBytes root)
      : sequence_(sequence), id_(id), opening_hash_(opening_hash), root_(std::move(root)) {}

  uint64_t sequence() const { return sequence_; }
  const EpochId& id() const { return id_; }
  const Digest& opening_hash() const { return opening_hash_; }
  Epoch Clone() const { return Epoch(sequence_, id_, opening_hash_, root_.Clone()); }

  SecretBytes DataStorageKey() const;
  SecretBytes DeviceMacKey() const;
  SecretBytes ThreadKey(std::string_view thread) const;
  // The pre-shared key of the HPKE messages that open the next epoch, and its id: only members have it.
  SecretBytes NextPsk() const;
  Bytes NextPskId() const;
  // HKDF(entropy, salt = chaining key): the next epoch's root.
  SecretBytes NextRoot(ByteView entropy) const;
  // {sequence, HKDF(root, salt = opening hash, info = "epoch_floor")}.
  Floor GetFloor() const;

  // The name is there to be searched for.
  const SecretBytes& SecretRoot() const { return root_; }

  static constexpr size_t kEncodedSize = 8 + 16 + 32 + 32;
  // sequence (8 bytes) || id || opening hash || root.
  SecretBytes SecretEncoding() const;
  // Exactly kEncodedSize bytes; nullopt otherwise.
  static std::optional<Epoch> Decode(ByteView encoding);

 private:
  SecretBytes Derive(std::string_view label) const;

  uint64_t sequence_;
  EpochId id_;
  Digest opening_hash_;
  SecretBytes root_;
};

}  // namespace labrec::recovery::labyrinth
