// Runs seeds of realms that lie against the client's core: README.md says what must hold.

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <spdlog/spdlog.h>

#include "tests/hostile/mutant.h"
#include "tests/hostile/story.h"

namespace {

using labrec::hostile::Omitted;
using labrec::hostile::Plan;
using labrec::hostile::StoryReport;
using labrec::hostile::Violation;

// A ledger grows with every account that it has seen.
constexpr uint64_t kSeedsOfALedger = 400;

struct Arguments {
  uint64_t seeds = 200;
  uint64_t first = 1;
  double seconds = 1e9;
  bool print = false;
  bool keep_going = false;
  bool names_mutants = false;
};

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace" || name == "--keep-going" || name == "--mutants") {
      (name == "--trace"     ? arguments.print
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
      if (!labrec::hostile::UseMutant(value)) return false;
    } else if (name == "--seconds") {
      arguments.seconds = std::strtod(value, nullptr);
    } else {
      return false;
    }
  }
  return true;
}

void Print(const Plan& plan, const StoryReport& report) {
  std::printf("%s\n", Describe(plan).c_str());
  for (const std::string& line : report.transcript) std::printf("%s\n", line.c_str());
}

// Says what was broken, and the shortest transcript in which it still is.
void Tell(labrec::hostile::World& world, const Plan& plan, const StoryReport& report) {
  for (const Violation& violation : report.violations) {
    std::printf("VIOLATION, seed %" PRIu64 ": %s: %s\n", plan.seed, violation.rule.c_str(),
                violation.text.c_str());
  }
  const Omitted omitted = Shrink(world, plan, report.violations.front().rule);
  const StoryReport shortest = RunStory(world, plan, omitted);
  std::printf("the shortest that breaks it, %zu moves and %zu lies left out:\n", omitted.moves.size(),
              omitted.lies.size());
  Print(plan, shortest);
  for (const Violation& violation : shortest.violations) {
    std::printf("  %s: %s\n", violation.rule.c_str(), violation.text.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: hostile_realms [--seeds N] [--first S] [--seconds BUDGET] [--trace] [--keep-going] "
                 "[--mutant NAME] [--mutants]\n");
    return 2;
  }
  if (arguments.names_mutants) {
    for (const std::string& mutant : labrec::hostile::MutantNames()) std::printf("%s\n", mutant.c_str());
    return 0;
  }
  spdlog::set_level(spdlog::level::off);
  labrec::hostile::World world;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::map<std::string, uint64_t> counts;
  uint64_t done = 0;
  uint64_t failed = 0;
  for (uint64_t seed = arguments.first; done < arguments.seeds && seconds() < arguments.seconds;
       ++seed, ++done) {
    if (done % kSeedsOfALedger == kSeedsOfALedger - 1) {
      for (const auto& realm : world.realms) realm->Renew();
    }
    const Plan plan = labrec::hostile::PlanOf(seed);
    const StoryReport report = RunStory(world, plan);
    for (const auto& [name, count] : report.counts) counts[name] += count;
    counts["lies"] += report.lies.size();
    if (arguments.print) Print(plan, report);
    if (report.violations.empty()) continue;
    ++failed;
    Tell(world, plan, report);
    if (arguments.keep_going) continue;
    ++done;
    break;
  }
  for (const auto& [name, count] : counts) std::printf("%12" PRIu64 "  %s\n", count, name.c_str());
  std::printf("%" PRIu64 " seeds, %" PRIu64 " with violations, %.0f s\n", done, failed, seconds());
  return failed == 0 ? 0 : 1;
}
