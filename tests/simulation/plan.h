#pragma once

#include <string>

#include "tests/simulation/realm.h"
#include "tests/simulation/world/dice.h"
#include "tests/simulation/world/faults.h"

namespace labrec::sim {

enum class Attack {
  kNone,
  kRestore,  // between runs, storage is set back to something that it was before
  kCopy,     // a second process runs on a copy of the storage, at the same time
  kAccept,   // between runs the operator accepts a copy of the storage that was taken earlier
  kReplay,   // short runs on what storage held before, ended at chosen moments; what was asked is asked again
};

// What a seed does.
struct Plan {
  explicit Plan(Dice dice);

  Setting setting;
  Attack attack = Attack::kNone;
  bool crashes = false;
  bool io_faults = false;
  bool device_faults = false;
  uint32_t preempt_per_mille = 0;
  uint64_t lives = 1;
  uint64_t owners = 0;
  uint64_t hammered = 0;  // accounts with several clients each
  uint64_t newcomers = 0;
  uint64_t households = 0;
  uint64_t calls = 1;  // per client and life

  bool has_faults() const { return crashes || io_faults || device_faults; }
  FaultRates DrawRates(Dice& dice) const;
};

}  // namespace labrec::sim
