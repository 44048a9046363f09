#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "recovery/api/request_bytes.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// Proof that somebody signed some bytes. Made only by checking the signature, outside of the state machine,
// as that costs more than all else; the state machine compares whose key it was.
class VerifiedSignature {
 public:
  // nullopt if `signature` (r || s) over `message` is not `key`'s.
  static std::optional<VerifiedSignature> Check(const EcdsaPublicKey& key, ByteView message,
                                                ByteView signature);
  const EcdsaPublicKey& key() const { return key_; }

 private:
  explicit VerifiedSignature(const EcdsaPublicKey& key) : key_(key) {}
  EcdsaPublicKey key_;
};

// Who asks for a change, once signature and challenge were checked.
struct ByDevice {
  DeviceId device;
  VerifiedSignature signature;
};
struct ByUnlockKey {
  std::string record;
  uint32_t version;
  VerifiedSignature signature;
};
struct ByOperator {};     // the admin socket
struct ByTokenHolder {};  // no more than a valid token
using Authority = std::variant<ByTokenHolder, ByDevice, ByUnlockKey, ByOperator>;

// Requests that change an account's or a record's row. Field sizes have been checked by the engine.
struct EnrollDevice {
  EcdsaPublicKey key;
  std::string name;
  Authority authority;
};
struct RevokeDevice {
  DeviceId device;
  Authority authority;
};
// A version that the chip is to count for: its index and key are there already.
struct BegunChip {
  uint32_t index;
  Bytes key;
  EcdsaPublicKey unlock_key;
  uint32_t guess_limit;
  Authority authority;
};
struct BeginChipVersion {
  uint32_t version;
  Nonce nonce;  // fresh
  BegunChip chip;
};
struct FinishRegistration {
  uint32_t version;
  // How the version was begun. Without a chip: the nonce that this run gave it, none if its registration id
  // is not of this run or too old. With one: the id of the version that is begun in the row.
  std::variant<std::optional<Nonce>, RegistrationId> begun;
  Bytes config;
  Bytes commitment;
  EcdsaPublicKey unlock_key;
  Bytes sealed_private;
  uint32_t guess_limit;
  Authority authority;
  std::optional<uint32_t> chip_index = std::nullopt;  // as the config says for this realm
};
struct Activate {
  uint32_t version;
  Authority authority;
};
struct CountGuess {
  uint32_t version;
  Digest element;  // SHA-256 of the blinded element
};
struct Unlock {
  uint32_t version;
  VerifiedSignature signature;
};
// Which chip-enforced version, and which index it had when the chip was asked.
struct ChipVersion {
  uint32_t version;
  uint32_t index;
};
// The chip wrote the version's index against the client's signature: so many guesses are left.
struct ChipWritten {
  ChipVersion version;
  uint32_t granted;  // 0 retires it
};
// The chip counted and evaluated an element; count and limit since the latest write, as read back. The
// element is absent at registration.
struct ChipEvaluated {
  ChipVersion version;
  uint32_t count;
  uint32_t limit;
  std::optional<CountedAnswer> answer;
};
// The chip refuses: the version's index is spent.
struct ChipSpent {
  ChipVersion version;
};
struct RaiseFloor {
  EpochFloor floor;
  DeviceId device;
  VerifiedSignature signature;
};
struct DeleteRecord {
  Authority authority;
};

}  // namespace labrec::recovery
