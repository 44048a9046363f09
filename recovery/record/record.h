#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"
#include "recovery/api/record_name.h"

namespace labrec::recovery {

using DeviceId = std::array<uint8_t, 16>;
using Challenge = std::array<uint8_t, 32>;
using RegistrationId = std::array<uint8_t, 16>;
using Nonce = std::array<uint8_t, 32>;

// Who registered a version whose row comes from a time that did not note it (row format 1).
inline constexpr DeviceId kUnknownRegistrar{};

// How far a version of a record has come.
enum class Stage : uint8_t {
  kBegun = 1,    // it has a key; nothing is protected by it yet. Chip-enforced versions only
  kPending = 2,  // registered here, not activated; usable
  kActive = 3,
};

// The chip's answer to an element that it counted, kept until the next refill: repeating costs no count.
struct CountedAnswer {
  Digest element{};  // SHA-256 of the blinded element
  Bytes sealed;      // the evaluated point (33 bytes) under seal_rec

  bool operator==(const CountedAnswer&) const = default;
};

// What a version whose guesses the chip counts has besides. Count and limit are what the chip showed last,
// since its latest write: for people to look at, as the chip decides.
struct ChipPart {
  uint32_t index = 0;  // handle of the NV index that counts
  Bytes key;           // the version's own evaluation key, as the device gave it
  uint32_t count = 0;
  uint32_t limit = 0;  // 0 before the first write
  std::vector<CountedAnswer> answers;

  bool operator==(const ChipPart&) const = default;
};

// One version of a record.
struct RecordVersion {
  uint32_t number = 0;
  Stage stage = Stage::kBegun;
  Nonce nonce{};  // input of the version's key; erased with the version
  Bytes config;   // as the client gave it
  Bytes commitment;
  std::optional<EcdsaPublicKey> unlock_key;
  Bytes sealed_private;  // the client's sealed secret under seal_rec
  uint32_t guess_limit = 0;
  uint32_t spent = 0;  // guesses counted since its last success, at whichever version they were made
  // The device whose signature registered it (began it, while begun); none: an unlock key did.
  std::optional<DeviceId> registered_by;
  std::vector<Digest> counted_elements;  // SHA-256 of its elements counted since its last success
  // Chip-enforced: unlock_key and guess_limit stand from its beginning, since the index is bound to them.
  std::optional<ChipPart> chip;

  bool usable() const { return stage != Stage::kBegun; }
  // Guesses left. Where the chip counts, not more than it showed last.
  uint32_t left() const;
  // Drops the counted elements, and the answers that were kept for them.
  void ForgetCounted();
  // SHA-256(nonce)[0..16]: names a begun version in FinishRegistration.
  RegistrationId registration_id() const;

  bool operator==(const RecordVersion&) const = default;
};

// The epoch floor, as its device signed it.
struct EpochFloor {
  uint64_t sequence = 0;
  Digest digest{};
  EcdsaPublicKey device;
  Challenge challenge{};
  std::array<uint8_t, 64> signature{};

  bool operator==(const EpochFloor&) const = default;
};

// A PIN-protected secret of an account, as the ledger keeps it. A value; see docs/formats.md for its bytes.
struct Record {
  RecordName name;
  int64_t last_counted_ms = 0;   // when the latest guess was counted, at any version; nothing forgets it
  bool destroyed = false;        // the limit was passed: nonces and private fields are erased
  uint32_t highest_version = 0;  // ever finished: begun ones do not count
  std::vector<RecordVersion> versions;  // by ascending number: at most one of each stage
  std::optional<EpochFloor> floor;
  bool discarded = false;  // destroyed as an operator accepted storage and nobody vouched for the row

  // The usable version with the highest number, else null.
  const RecordVersion* Newest() const;
  const RecordVersion* Find(uint32_t version) const;
  RecordVersion* Find(uint32_t version);
  // Whether a version is registered here, pending or active. False for a destroyed record.
  bool HasUsableVersion() const;

  bool operator==(const Record&) const = default;
};

// How a device came into its account.
enum class EnrolledBy : uint8_t { kFirst = 1, kDevice = 2, kRecovery = 3, kAdmin = 4 };

struct EnrolledDevice {
  DeviceId id{};
  EcdsaPublicKey key;
  std::string name;
  int64_t enrolled_at_ms = 0;
  EnrolledBy enrolled_by = EnrolledBy::kFirst;

  bool operator==(const EnrolledDevice&) const = default;
};

// An account: its devices and the names of its records. It stays when the last device is revoked, so that a
// token alone never counts as "first device" again.
struct Account {
  std::string tenant;
  std::string account;
  std::vector<EnrolledDevice> devices;
  std::vector<std::string> records;
  bool discarded = false;  // its devices were dropped, as with Record::discarded

  const EnrolledDevice* Find(const DeviceId& id) const;

  bool operator==(const Account&) const = default;
};

}  // namespace labrec::recovery
