#pragma once

#include "tests/explorer/functions.h"

namespace labrec::recovery::explorer {

// What really happened, noted beside what the realm counts. `state` is what the move made of `before`.
void Note(const State& before, const Move& move, Result result, const Options& options,
          const Functions& functions, State& state);

// Evaluations that accepted backups may have given back.
uint8_t GivenBack(const State& state, const Options& options);

}  // namespace labrec::recovery::explorer
