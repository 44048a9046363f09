// Runs seeds of realms on software TPMs, one of which lies, against the client's core where chips count.

#include <spdlog/spdlog.h>

#include "tests/hostile/seeds.h"
#include "tests/hostile/story.h"

int main(int argc, char** argv) {
  using namespace labrec::hostile;
  spdlog::set_level(spdlog::level::off);
  World world(3);
  Stories stories;
  stories.run = [&](uint64_t seed, const Omitted& less) { return RunStory(world, ChipPlanOf(seed), less); };
  stories.moves = [](uint64_t seed) { return ChipPlanOf(seed).moves.size(); };
  stories.describe = [](uint64_t seed) { return Describe(ChipPlanOf(seed)); };
  return RunSeeds(argc, argv, stories);
}
