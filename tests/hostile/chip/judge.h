#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "hsm/counted_key.h"
#include "tests/hostile/judge.h"
#include "tests/hostile/report.h"
#include "tests/hostile/stage.h"

namespace labrec::hostile {

// What each certified chip's indices hold that were written.
using ChipTruth = std::vector<std::map<uint32_t, hsm::UseCount>>;

// One move where chips are to count.
struct ChipMove {
  const Plan& plan;
  const Stage& stage;
  Act act;
  const Truth& before;  // what is registered
  const ChipTruth& chips_before;
  const ChipTruth& chips_after;
};

// Holds it against what the README promises of chips.
std::vector<Violation> JudgeChips(const ChipMove& move);

}  // namespace labrec::hostile
