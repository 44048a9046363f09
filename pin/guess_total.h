#pragma once

#include <cstdint>
#include <optional>

namespace labrec::pin {

// What a limit of guesses at each realm means for all realms together. Realms count alone: whoever asks them
// one by one tests one PIN at some and another PIN at the others. docs/protocol.md, "How many PINs can be
// tried". Pure; any thread.

// The realms of a record, and how many of them bring the secret back: 1 <= threshold <= realms.
struct Quorum {
  uint32_t realms = 1;
  uint32_t threshold = 1;
};

// The most different PINs that can be tested where each realm evaluates `limit` elements:
// floor(realms * limit / threshold). A test of a PIN takes one evaluation at each of `threshold` realms, and
// tests of different PINs share none. `corrupt` realms evaluate for nothing and as often as the thief likes:
// floor((realms - corrupt) * limit / (threshold - corrupt)). nullopt if they are `threshold` or more: they
// test as many as they like.
std::optional<uint64_t> TestablePins(const Quorum& quorum, uint32_t limit, uint32_t corrupt = 0);

// Against whom a total is to hold.
enum class GuessThief {
  kOutsider,       // who has a token for each realm, and no realm
  kCorruptRealms,  // who has threshold - 1 of the realms too: one less than what needs no guess at all
};

// The greatest limit at each realm with which no more than `total` PINs can be tested:
// floor((threshold * (total + 1) - 1) / realms), or floor(total / (realms - threshold + 1)) against corrupt
// realms. 0 if not even one guess at each realm keeps to the total.
uint32_t GreatestLimit(const Quorum& quorum, uint32_t total, GuessThief thief);

// The smallest total for which GreatestLimit is not 0.
uint32_t SmallestTotal(const Quorum& quorum, GuessThief thief);

}  // namespace labrec::pin
