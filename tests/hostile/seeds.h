#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/hostile/report.h"

namespace labrec::hostile {

// The stories of one program, by their seeds.
struct Stories {
  std::function<StoryReport(uint64_t seed, const Omitted& omitted)> run;
  std::function<size_t(uint64_t seed)> moves;
  std::function<std::string(uint64_t seed)> describe;
  std::function<void(uint64_t done)> after = [](uint64_t) {};  // each seed
};

// The program: runs seeds, prints what is broken and its shortest transcript. Its exit code.
int RunSeeds(int argc, char** argv, const Stories& stories);

}  // namespace labrec::hostile
