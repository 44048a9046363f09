#pragma once

#include <vector>

#include "tests/explorer/move.h"
#include "tests/explorer/options.h"

namespace labrec::recovery::explorer {

// Every request that a party can make in this state, with each authority that it holds, and what else may
// happen. The thief: a token for ever; the stolen device until it is revoked; devices, versions, records and
// unlock keys of his own making; not the owner's PIN. The owner is honest: he unlocks only what he evaluated,
// or what the key of a version that he recovered registered.
std::vector<Move> MovesIn(const State& state, const Options& options);

}  // namespace labrec::recovery::explorer
