#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/simulation/world/universe.h"

namespace labrec::sim {

// What came of a seed. `hash` is the same each time the seed is run, on the same build.
struct SeedReport {
  uint64_t hash = 0;
  uint64_t events = 0;
  std::vector<std::string> violations;
  Figures figures;
};

// Runs one seed in the empty folder `scratch` (best on a memory file system), printing every event if asked
// to. TakeOverEntropy comes before the first. One at a time in a program.
SeedReport RunSeed(uint64_t seed, const std::filesystem::path& scratch, bool print = false);

}  // namespace labrec::sim
