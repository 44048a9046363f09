// Runs seeds of the deterministic simulation: tools/test --sim-seeds N. docs/ledger.md says what it checks.

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <spdlog/spdlog.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/world/entropy.h"
#include "tests/support/process/temporary_folder.h"

namespace {

constexpr uint64_t kWarmUpSeed = 0;

struct Arguments {
  uint64_t seeds = 200;
  uint64_t first = 1;
  double seconds = 1e9;
  bool print = false;
  bool hashes = false;
  bool keep_going = false;
  bool names_mutants = false;
};

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace" || name == "--hashes" || name == "--keep-going" || name == "--mutants") {
      (name == "--trace"     ? arguments.print
       : name == "--hashes"  ? arguments.hashes
       : name == "--mutants" ? arguments.names_mutants
                             : arguments.keep_going) = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    if (name == "--seeds") {
      arguments.seeds = std::strtoull(value, nullptr, 10);
    } else if (name == "--first") {
      arguments.first = std::strtoull(value, nullptr, 10);
    } else if (name == "--mutant") {
      if (!labrec::sim::UseMutant(value)) return false;
    } else if (name == "--seconds") {
      arguments.seconds = std::strtod(value, nullptr);
    } else {
      return false;
    }
  }
  return true;
}

std::filesystem::path Memory() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: simulate [--seeds N] [--first S] [--seconds BUDGET] [--hashes] [--trace] "
                 "[--keep-going] [--mutant NAME] [--mutants]\n");
    return 2;
  }
  if (arguments.names_mutants) {
    for (const std::string& mutant : labrec::sim::MutantNames()) std::printf("%s\n", mutant.c_str());
    return 0;
  }
  spdlog::set_level(arguments.print ? spdlog::level::info : spdlog::level::off);
  spdlog::set_pattern("%v");
  const labrec::test::TemporaryFolder folder(Memory());
  labrec::sim::TakeOverEntropy();
  // What libraries do only once in a process must not be part of the first seed.
  labrec::sim::RunSeed(kWarmUpSeed, folder.path());

  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  labrec::sim::Figures figures;
  uint64_t done = 0;
  uint64_t failed = 0;
  uint64_t hash = 0;
  for (uint64_t seed = arguments.first; done < arguments.seeds && seconds() < arguments.seconds;
       ++seed, ++done) {
    const labrec::sim::SeedReport report = labrec::sim::RunSeed(seed, folder.path(), arguments.print);
    figures.Add(report.figures);
    figures.counts["events"] += report.events;
    hash = (hash ^ report.hash) * 0x100000001B3U;
    if (arguments.hashes) std::printf("seed %" PRIu64 ": %016" PRIx64 "\n", seed, report.hash);
    for (const std::string& violation : report.violations) {
      std::printf("VIOLATION, seed %" PRIu64 ": %s\n", seed, violation.c_str());
      std::fflush(stdout);  // a long run is watched, and may be ended
    }
    failed += report.violations.empty() ? 0 : 1;
    if (failed != 0 && !arguments.keep_going) {
      std::printf("replay it: simulate --first %" PRIu64 " --seeds 1 --trace\n", seed);
      ++done;
      break;
    }
  }
  for (const auto& [name, count] : figures.counts) std::printf("%12" PRIu64 "  %s\n", count, name.c_str());
  std::printf("%" PRIu64 " seeds, %" PRIu64 " with violations, %.0f s, hash of all %016" PRIx64 "\n", done,
              failed, seconds(), hash);
  return failed == 0 ? 0 : 1;
}
