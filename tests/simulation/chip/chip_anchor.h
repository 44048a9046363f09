#pragma once

#include <memory>

#include "tests/simulation/chip/chip.h"

namespace labrec::sim {

// The two anchors, command by command as hsm/tpm2/freshness_anchor.cc and hsm/pkcs11/freshness_anchor.cc go
// about it.
std::unique_ptr<hsm::FreshnessAnchor> MakeCounterAnchor(Chip& chip, Bus& bus);
std::unique_ptr<hsm::FreshnessAnchor> MakeRatchetAnchor(Chip& chip, Bus& bus);

// What a MAC over a state is taken of.
Bytes AnchorMessage(uint64_t epoch, const Digest& digest);

}  // namespace labrec::sim
