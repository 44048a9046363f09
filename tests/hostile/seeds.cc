#include "tests/hostile/seeds.h"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "tests/hostile/mutant.h"

namespace labrec::hostile {
namespace {

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
      if (!UseMutant(value)) return false;
    } else if (name == "--seconds") {
      arguments.seconds = std::strtod(value, nullptr);
    } else {
      return false;
    }
  }
  return true;
}

void Print(const Stories& stories, uint64_t seed, const StoryReport& report) {
  std::printf("%s\n", stories.describe(seed).c_str());
  for (const std::string& line : report.transcript) std::printf("%s\n", line.c_str());
}

// Says what was broken, and the shortest transcript in which it still is.
void Tell(const Stories& stories, uint64_t seed, const StoryReport& report) {
  for (const Violation& violation : report.violations) {
    std::printf("VIOLATION, seed %" PRIu64 ": %s: %s\n", seed, violation.rule.c_str(),
                violation.text.c_str());
  }
  const Omitted omitted = Shrink(
      stories.moves(seed), [&](const Omitted& less) { return stories.run(seed, less); },
      report.violations.front().rule);
  const StoryReport shortest = stories.run(seed, omitted);
  std::printf("the shortest that breaks it, %zu moves and %zu lies left out:\n", omitted.moves.size(),
              omitted.lies.size());
  Print(stories, seed, shortest);
  for (const Violation& violation : shortest.violations) {
    std::printf("  %s: %s\n", violation.rule.c_str(), violation.text.c_str());
  }
}

}  // namespace

int RunSeeds(int argc, char** argv, const Stories& stories) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: %s [--seeds N] [--first S] [--seconds BUDGET] [--trace] [--keep-going] "
                 "[--mutant NAME] [--mutants]\n",
                 argv[0]);
    return 2;
  }
  if (arguments.names_mutants) {
    for (const std::string& mutant : MutantNames()) std::printf("%s\n", mutant.c_str());
    return 0;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::map<std::string, uint64_t> counts;
  uint64_t done = 0;
  uint64_t failed = 0;
  for (uint64_t seed = arguments.first; done < arguments.seeds && seconds() < arguments.seconds;
       ++seed, ++done) {
    const StoryReport report = stories.run(seed, {});
    stories.after(done);
    for (const auto& [name, count] : report.counts) counts[name] += count;
    counts["lies"] += report.lies.size();
    if (arguments.print) Print(stories, seed, report);
    if (report.violations.empty()) continue;
    ++failed;
    Tell(stories, seed, report);
    if (arguments.keep_going) continue;
    ++done;
    break;
  }
  for (const auto& [name, count] : counts) std::printf("%12" PRIu64 "  %s\n", count, name.c_str());
  std::printf("%" PRIu64 " seeds, %" PRIu64 " with violations, %.0f s\n", done, failed, seconds());
  return failed == 0 ? 0 : 1;
}

}  // namespace labrec::hostile
