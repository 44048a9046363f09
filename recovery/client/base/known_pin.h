#pragma once

namespace labrec::recovery::client {

// What a PIN that is about to be registered is to the versions that are there.
enum class KnownPin {
  kNothingThere,  // there is no version: the new one begins with all its guesses
  kUsedUp,    // no guess is left at any: the new one begins with all its guesses, if the PIN is the same too
  kSame,      // it is the PIN of one of them
  kOther,     // it is the PIN of none of them
  kNotKnown,  // too few realms answered for one of them
};

// Whether the new version may be given all its guesses: that takes nothing back from a guesser where the
// PIN's owner was just recognised, or where it is another PIN than the one that was guessed at.
constexpr bool MayRefill(KnownPin known) {
  return known == KnownPin::kSame || known == KnownPin::kOther;
}

}  // namespace labrec::recovery::client
