#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

// The explorer goes through every state that an owner and a thief can bring one account into, by the requests
// that each may make, and looks at each state and step for what docs/protocol.md promises. Spine: search.h
// walks, moves.h says who may ask what, functions.h runs the project's own recovery/record functions on rows
// that world.h makes, history.h notes what really happened, invariants.h judges.
namespace labrec::recovery::explorer {

// A state: the rows of one account at one realm, in few bytes, and of what happened so far that on which a
// promise depends. The owner's record is "main", "x" is one that only the thief uses.

enum Party : uint8_t { kOwner, kThief };

// kPhone is the owner's, kStolen is in the thief's hands and enrolled at first, kOther is the thief's own.
enum DeviceNumber : uint8_t { kPhone, kStolen, kOther, kDevices };
// Who registered a version: a DeviceNumber or this.
inline constexpr uint8_t kByUnlockKey = kDevices;

// Of a version; as recovery/record has it.
enum : uint8_t { kNoStage, kBegunStage, kPendingStage, kActiveStage };

struct VersionState {
  uint8_t number = 0;  // 0: there is none
  uint8_t serial = 0;  // another one for each registration; as `number` unless there are backups
  uint8_t stage = kNoStage;
  uint8_t maker = kOwner;
  uint8_t limit = 0;
  uint8_t spent = 0;
  uint8_t counted = 0;  // elements that the realm remembers
  uint8_t registrar = 0;
  uint8_t in_chip = 0;     // the chip counts it too:
  uint8_t chip_count = 0;  // its own count
  uint8_t answers = 0;     // of the chip, kept for counted elements
  // What happened:
  uint8_t proven = 0;         // the owner has its unlock key, by an evaluation of the right PIN
  uint8_t since_success = 0;  // different elements counted since its last success
  uint8_t known = 0;          // the thief knows its PIN, an old one of the owner's

  bool exists() const { return number != 0; }
  bool usable() const { return stage >= kPendingStage; }
  bool operator==(const VersionState&) const = default;
};

struct State {
  std::array<uint8_t, kDevices> enrolled{1, 1, 0};
  uint8_t row = 0;  // of record main
  uint8_t destroyed = 0;
  uint8_t highest = 0;
  uint8_t late = 0;                      // a guess was counted within the delay
  std::array<VersionState, 3> versions;  // of main, by ascending number, no gap: active, pending, begun
  uint8_t x_stage = kNoStage;            // of the only version of record x
  uint8_t x_registrar = 0;
  // Only where a mutant lets anybody begin with a row:
  uint8_t begun = 0;  // number of the version that is begun
  uint8_t begun_by = kOwner;
  uint8_t names_full = 0;  // 16 record names are listed, and "main" is none of them
  uint8_t no_account = 0;  // only where a mutant has it: the account has no row
  // What happened:
  uint8_t thief_guesses = 0;   // counted at the owner's versions since his last success or fresh start
  uint8_t greatest_limit = 0;  // of the owner's versions since then
  uint8_t in_delay = 0;        // thief's guesses since the delay last passed, or his success
  uint8_t accepts = 0;
  uint8_t backed_up = 0;
  uint8_t registrations = 0;  // counted only where there are backups

  bool operator==(const State&) const = default;
};

// What the search visits: a state, and the backup if there is one.
struct Node {
  State state;
  State backup;

  bool operator==(const Node&) const = default;
};
static_assert(std::has_unique_object_representations_v<Node>);  // it is hashed as bytes

inline const VersionState* Find(const State& state, uint8_t number) {
  for (const VersionState& version : state.versions) {
    if (number != 0 && version.number == number) return &version;
  }
  return nullptr;
}
inline VersionState* Find(State& state, uint8_t number) {
  return const_cast<VersionState*>(Find(static_cast<const State&>(state), number));
}
// A version whose PIN the thief does not know.
inline bool IsSecret(const VersionState& version) {
  return version.usable() && version.maker == kOwner && version.known == 0;
}
inline bool HoldsKey(const VersionState& version, Party party) {
  if (!version.exists()) return false;
  if (party == kThief) return version.maker == kThief || version.known != 0;
  return version.maker == kOwner;
}

}  // namespace labrec::recovery::explorer
