// Runs seeds of the deterministic simulation: tools/test --sim-seeds N. docs/ledger.md says what it checks.

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <string>

#include <spdlog/spdlog.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/world/entropy.h"
#include "tests/support/process/seed_arguments.h"
#include "tests/support/process/temporary_folder.h"

namespace {

constexpr uint64_t kWarmUpSeed = 0;

// What is shown of each seed.
struct Shown {
  bool trace = false;
  bool hash = false;
};

std::filesystem::path Memory() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

// All seeds together.
struct Sum {
  labrec::sim::Figures figures;
  uint64_t failed = 0;
  uint64_t hash = 0;
};

// Runs one and adds it to the others; whether it kept every promise.
bool Run(uint64_t seed, const std::filesystem::path& folder, const Shown& shown, Sum& sum) {
  const labrec::sim::SeedReport report = labrec::sim::RunSeed(seed, folder, shown.trace);
  sum.figures.Add(report.figures);
  sum.figures.counts["events"] += report.events;
  sum.hash = (sum.hash ^ report.hash) * 0x100000001B3U;
  if (shown.hash) std::printf("seed %" PRIu64 ": %016" PRIx64 "\n", seed, report.hash);
  for (const std::string& violation : report.violations) {
    std::printf("VIOLATION, seed %" PRIu64 ": %s\n", seed, violation.c_str());
    std::fflush(stdout);  // a long run is watched, and may be ended
  }
  if (report.violations.empty()) return true;
  ++sum.failed;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  labrec::test::SeedArguments seeds(200);
  Shown shown;
  bool keep_going = false, names_mutants = false;
  if (!seeds.Parse(argc, argv,
                   {{"--trace", &shown.trace},
                    {"--hashes", &shown.hash},
                    {"--keep-going", &keep_going},
                    {"--mutants", &names_mutants}},
                   {{"--mutant", labrec::sim::UseMutant}})) {
    std::fprintf(stderr,
                 "usage: simulate [--seeds N] [--first S] [--seconds BUDGET] [--hashes] [--trace] "
                 "[--keep-going] [--mutant NAME] [--mutants]\n");
    return 2;
  }
  if (names_mutants) {
    for (const std::string& mutant : labrec::sim::MutantNames()) std::printf("%s\n", mutant.c_str());
    return 0;
  }
  spdlog::set_level(shown.trace ? spdlog::level::info : spdlog::level::off);
  spdlog::set_pattern("%v");
  const labrec::test::TemporaryFolder folder(Memory());
  labrec::sim::TakeOverEntropy();
  // What libraries do only once in a process must not be part of the first seed.
  labrec::sim::RunSeed(kWarmUpSeed, folder.path());

  Sum sum;
  const uint64_t done = seeds.Run([&](uint64_t seed) {
    if (Run(seed, folder.path(), shown, sum) || keep_going) return true;
    std::printf("replay it: simulate --first %" PRIu64 " --seeds 1 --trace\n", seed);
    return false;
  });
  for (const auto& [name, count] : sum.figures.counts)
    std::printf("%12" PRIu64 "  %s\n", count, name.c_str());
  std::printf("%" PRIu64 " seeds, %" PRIu64 " with violations, %.0f s, hash of all %016" PRIx64 "\n", done,
              sum.failed, seeds.seconds(), sum.hash);
  return sum.failed == 0 ? 0 : 1;
}
