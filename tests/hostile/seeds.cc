#include "tests/hostile/seeds.h"

#include <cinttypes>
#include <cstdio>
#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "hsm/base/hash.h"
#include "tests/hostile/mutant.h"
#include "tests/support/process/seed_arguments.h"

namespace labrec::hostile {
namespace {

void Print(const Stories& stories, uint64_t seed, const StoryReport& report) {
  std::printf("%s\n", stories.describe(seed).c_str());
  for (const std::string& line : report.transcript) std::printf("%s\n", line.c_str());
}

// Everything of a story that a second run of its seed must repeat.
std::string HashOf(const StoryReport& report) {
  std::string all;
  for (const std::string& line : report.transcript) absl::StrAppend(&all, line, "\n");
  for (const LieName& lie : report.lies) absl::StrAppend(&all, lie, "\n");
  for (const auto& [name, count] : report.counts) absl::StrAppend(&all, name, " ", count, "\n");
  const Digest hash = Sha256(AsBytes(all));
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(hash.data()), 8));
}

// Says what was broken, and the shortest transcript in which it still is.
enum class Shorten { kYes, kNo };
void Tell(const Stories& stories, uint64_t seed, const StoryReport& report, Shorten shorten) {
  for (const Violation& violation : report.violations) {
    std::printf("VIOLATION, seed %" PRIu64 ": %s: %s\n", seed, violation.rule.c_str(),
                violation.text.c_str());
  }
  if (shorten == Shorten::kNo) return;
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
  test::SeedArguments seeds(200);
  bool print = false, hashes = false, keep_going = false, names_mutants = false, with_mutant = false;
  if (!seeds.Parse(argc, argv,
                   {{"--trace", &print},
                    {"--hashes", &hashes},
                    {"--keep-going", &keep_going},
                    {"--mutants", &names_mutants}},
                   {{"--mutant", [&](const std::string& name) { return with_mutant = UseMutant(name); }}})) {
    std::fprintf(stderr,
                 "usage: %s [--seeds N] [--first S] [--seconds BUDGET] [--trace] [--hashes] "
                 "[--keep-going] [--mutant NAME] [--mutants]\n",
                 argv[0]);
    return 2;
  }
  if (names_mutants) {
    for (const std::string& mutant : MutantNames()) std::printf("%s\n", mutant.c_str());
    return 0;
  }
  std::map<std::string, uint64_t> counts;
  uint64_t run = 0;
  uint64_t failed = 0;
  const uint64_t done = seeds.Run([&](uint64_t seed) {
    const StoryReport report = stories.run(seed, {});
    stories.after(run++);
    for (const auto& [name, count] : report.counts) counts[name] += count;
    counts["lies"] += report.lies.size();
    if (print) Print(stories, seed, report);
    if (hashes) std::printf("seed %" PRIu64 ": %s\n", seed, HashOf(report).c_str());
    if (report.violations.empty()) return true;
    ++failed;
    // That a mutant is found is enough to know, unless somebody reads on.
    Tell(stories, seed, report, with_mutant && !print ? Shorten::kNo : Shorten::kYes);
    return keep_going;
  });
  for (const auto& [name, count] : counts) std::printf("%12" PRIu64 "  %s\n", count, name.c_str());
  std::printf("%" PRIu64 " seeds, %" PRIu64 " with violations, %.0f s\n", done, failed, seeds.seconds());
  return failed == 0 ? 0 : 1;
}

}  // namespace labrec::hostile
