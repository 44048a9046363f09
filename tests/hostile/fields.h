#pragma once

#include "hsm/base/bytes.h"
#include "tests/simulation/world/dice.h"

namespace labrec::hostile {

// A message in protobuf's encoding with one field changed, at any depth: another number, other bytes, cut
// off, longer, gone, or there twice. One without a field gets one.
Bytes WithAFieldChanged(const Bytes& message, sim::Dice& dice);

}  // namespace labrec::hostile
