#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/explorer/mutant.h"

namespace labrec::recovery::explorer {

// Which part of all there is a run goes through.
struct Options {
  uint8_t least_limit = 1;
  uint8_t most_limit = 1;
  bool delays = false;             // a guess waits for the one before it
  bool stolen_device = true;       // the thief's device is enrolled at first
  bool known_pin = false;          // he knows the PIN of some version that was the record's first
  bool devices_stay = false;       // nobody enrols or revokes, and there is no record x
  bool owner_idle = false;         // the owner does nothing, and has an active version at first
  bool chip = false;               // versions may be counted by the chip too
  uint8_t accepts = 0;             // restored and accepted backups
  uint8_t most_registrations = 3;  // where there are backups: else they are not bounded
  bool deletion = true;            // where there are backups: records are deleted too
  bool edited = false;             // where there are backups: their rows are edited too, and discarded
  uint8_t floor = 1;
  MutantSet mutants;
  size_t most_states = 100'000'000;
  std::string until;  // ends once this invariant is broken, by the fewest steps; empty: goes through all

  bool backups() const { return accepts > 0; }
};

}  // namespace labrec::recovery::explorer
