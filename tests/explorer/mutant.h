#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace labrec::recovery::explorer {

// A rule of guess accounting that is broken around the real functions (functions.cc), so that the explorer
// shows that it would see it. Most do what the functions did before they had the rule.
enum class Mutant : uint8_t {
  kCountOwnOnly,          // a guess is counted at its own version only
  kRefillAll,             // a success refills all versions
  kForgetAll,             // and forgets the counted elements of all
  kOneLimit,              // the limit of the active version, else of the pending one, is that of all
  kDestroyAll,            // a guess too many destroys the record, whatever else is usable
  kStartFull,             // a new version has all its guesses
  kStartWithSpent,        // it takes over what was spent, not what is left
  kStartWithUsedUp,       // versions without a guess left are looked at too
  kStartWithActive,       // only the active version is looked at
  kStartWithOldest,       // the oldest version with a guess left, not the one with the fewest
  kStartAsBefore,         // all of these at once, as one count stood for the record
  kActivationCounts,      // activating leaves what was counted at that version, and nothing if a key signed
  kActivationKeepsBegun,  // what the old active version's key began in the chip stays
  kPendingKeysSpeak,      // a pending version's key speaks for record and account
  kRevokeDeviceOnly,      // a revocation leaves what the device registered
  kBeginWithRow,          // anybody with a token begins a version in the row
  kLowerNewestOnly,       // accepting a backup lowers one version
  kSuccessForgetsTime,    // a success forgets when the latest guess was
  kDiscardedIsNew,        // an account that accepting discards is one that never was
  kDiscardKeepsPending,   // and what its devices registered stays
  kCount,
};

class MutantSet {
 public:
  constexpr MutantSet() = default;
  constexpr MutantSet(std::initializer_list<Mutant> mutants) {
    for (const Mutant mutant : mutants) Add(mutant);
  }
  constexpr void Add(Mutant mutant) { bits_ |= 1U << static_cast<uint32_t>(mutant); }
  constexpr bool Has(Mutant mutant) const { return (bits_ >> static_cast<uint32_t>(mutant) & 1U) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  uint32_t bits_ = 0;
};

// As option of the program; Mutant::kCount if none is called so.
Mutant MutantOf(std::string_view name);
std::string_view NameOf(Mutant mutant);

// What the functions did before each version had its own count: all of the above that they had not.
inline constexpr MutantSet kBefore = {
    Mutant::kRefillAll,     Mutant::kForgetAll,        Mutant::kOneLimit,          Mutant::kDestroyAll,
    Mutant::kStartAsBefore, Mutant::kActivationCounts, Mutant::kPendingKeysSpeak,  Mutant::kRevokeDeviceOnly,
    Mutant::kBeginWithRow,  Mutant::kLowerNewestOnly,  Mutant::kSuccessForgetsTime};

}  // namespace labrec::recovery::explorer
