// Runs seeds of realms that lie against the client's core: README.md says what must hold.

#include <spdlog/spdlog.h>

#include "tests/hostile/seeds.h"
#include "tests/hostile/story.h"

int main(int argc, char** argv) {
  using namespace labrec::hostile;
  // A ledger grows with every account that it has seen.
  constexpr uint64_t kSeedsOfALedger = 400;
  spdlog::set_level(spdlog::level::off);
  World world;
  Stories stories;
  stories.run = [&](uint64_t seed, const Omitted& less) { return RunStory(world, PlanOf(seed), less); };
  stories.moves = [](uint64_t seed) { return PlanOf(seed).moves.size(); };
  stories.describe = [](uint64_t seed) { return Describe(PlanOf(seed)); };
  stories.after = [&](uint64_t done) {
    if (done % kSeedsOfALedger != kSeedsOfALedger - 1) return;
    for (const auto& realm : world.realms) realm->Renew();
  };
  return RunSeeds(argc, argv, stories);
}
