#include "tests/simulation/simulation.h"

#include "tests/simulation/story.h"
#include "tests/simulation/world/entropy.h"

namespace labrec::sim {

SeedReport RunSeed(uint64_t seed, const std::filesystem::path& scratch, bool print) {
  Dice dice(seed);
  const Plan plan(dice.Branch(1));
  Trace trace("seed " + std::to_string(seed), print);
  SeedReport report;
  Scheduler scheduler(dice.Branch(2), trace, plan.preempt_per_mille);
  scheduler.Run([&] {
    Disk disk(scratch / "disk");
    Universe universe(scheduler, disk, dice.Branch(3));
    RestartEntropy();
    Story(universe, plan).Tell();
    report.violations = universe.violations();
    report.figures = universe.figures();
  });
  std::filesystem::remove_all(scratch / "disk");
  report.hash = trace.hash();
  report.events = trace.events();
  return report;
}

}  // namespace labrec::sim
