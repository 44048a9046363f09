#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "recovery/client/base/config_group.h"
#include "recovery/client/base/seal_request.h"

namespace labrec::hostile {

// What a realm does instead of telling the truth.
enum class LieKind {
  kCode,      // some status code, done or not
  kField,     // the true answer with a field changed
  kReplay,    // an earlier answer to such a call, its own or another realm's
  kClaim,     // destroyed, not registered, locked, no guess left
  kForged,    // as if there were a version that the liars made up
  kSilence,   // no answer at all
  kLate,      // the true answer, later
  kOtherKey,  // the true answer, on a connection with another TLS key
  kMany,      // the true answer, with a list in it that is longer than any realm's
  kCount,
};
const char* NameOf(LieKind kind);

// What the host of a liar does about its chip, all through a story.
enum class ChipTrick {
  kNone,
  kEmulated,       // what answers is another chip, that no vendor vouches for
  kBorrowed,       // and that shows the certificate of the one that a vendor made
  kHidesUses,      // it states that the index has no uses of a thief's
  kWritesNothing,  // it does not have the index written again, and states that it has
  kKeyOutside,     // it evaluates by a key that is not in the chip
  kDenied,         // it says that it has no chip
  kCount,
};
const char* NameOf(ChipTrick trick);

struct Liar {
  size_t realm = 0;
  uint32_t per_mille = 0;              // of its answers are lies
  std::optional<LieKind> kind;         // always this one; else any
  std::string method;                  // lies to this call only; empty: to all
  ChipTrick trick = ChipTrick::kNone;  // else it does this instead

  // Another chip than the certified one has stood there from the beginning.
  bool IsAnother() const { return trick == ChipTrick::kEmulated || trick == ChipTrick::kBorrowed; }
};

enum class Act { kSeal, kRecover, kRecoverWrong, kChangePin, kHeal, kStatus, kEnroll, kRevoke, kThief };
const char* NameOf(Act act);

// One operation of the owner's, or what a thief does before it.
struct Move {
  Act act = Act::kRecover;
  uint32_t pin = 0;         // of a new version
  std::set<size_t> away;    // realms that tell no lies and do not answer
  bool lying = false;       // whether the liars lie during it
  bool everywhere = false;  // Holders::kEveryRealm
  uint32_t forged_threshold = 1;
  bool forger_knows_pin = true;
  uint32_t guesses = 0;  // a thief's, at each realm
};

// What happens, from a seed: so many realms of which some lie, and what the owner does.
struct Plan {
  uint64_t seed = 0;
  size_t realms = 3;
  uint32_t threshold = 2;
  uint32_t guess_limit = 3;
  recovery::client::Least least;  // what the owner's client goes by
  bool demands_proof = false;
  bool chips = false;       // the realms' chips are to count
  bool every_chip = false;  // a realm whose chip does not is not to be used
  std::vector<Liar> liars;
  std::vector<Move> moves;
};
Plan PlanOf(uint64_t seed);
// One for three realms whose chips count, one of which lies.
Plan ChipPlanOf(uint64_t seed);
std::string Describe(const Plan& plan);

}  // namespace labrec::hostile
