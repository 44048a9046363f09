#pragma once

#include <cstdint>
#include <optional>

#include "recovery/record/record.h"
#include "recovery/record/request.h"
#include "tests/explorer/state.h"

namespace labrec::recovery::explorer {

// The rows of a state, as the realm keeps them.
struct World {
  std::optional<Account> account;
  std::optional<Record> main;
  std::optional<Record> x;
};

inline const RecordName kMain{"tenant", "alice", "main"};
inline const RecordName kX{"tenant", "alice", "x"};
inline constexpr int64_t kNow = 1500;    // of every request
inline constexpr int64_t kDelay = 1000;  // between two guesses, where there are delays
inline constexpr uint8_t kSerialOfX = 255;

World RowsOf(const State& state);
// Writes the rows into `state`, and keeps what it says of versions that are there still. A new version is of
// `maker`; its serial is in its nonce.
void Pack(const World& world, Party maker, State& state);
// Numbers become small again, so that registrations without end are few states.
void Renumber(State& state);

// Everything that has a name in a state, as bytes; the same for the same name.
const EcdsaPublicKey& DeviceKey(uint8_t device);
const EcdsaPublicKey& UnlockKey(Party maker, uint8_t serial);
VerifiedSignature SignatureOfDevice(uint8_t device);
VerifiedSignature SignatureOfKey(Party maker, uint8_t serial);
Nonce NonceOf(Party maker, uint8_t serial);
Digest ElementOf(uint8_t serial, uint8_t number);
CountedAnswer AnswerTo(uint8_t serial, uint8_t number);
uint32_t IndexOf(uint8_t serial);

}  // namespace labrec::recovery::explorer
