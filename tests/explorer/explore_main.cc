#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/explorer/search.h"

// The explorer by hand, and in its long form (tests/explorer/explore_long). Ends with 1 if something is
// broken, with 2 if there were more states than the budget.
namespace labrec::recovery::explorer {
namespace {

void AddOptions(CLI::App& app, Options& options, std::vector<std::string>& mutants, bool& before) {
  app.add_option("--limit", options.most_limit, "Greatest guess limit of a version")->check(CLI::Range(1, 9));
  app.add_option("--least", options.least_limit, "Least guess limit")->check(CLI::Range(1, 9));
  app.add_flag("--delays", options.delays, "A guess waits for the one before it");
  app.add_flag("--token-only{false}", options.stolen_device, "The thief has no device at first");
  app.add_flag("--known-pin", options.known_pin, "The thief knows the PIN of some first version");
  app.add_flag("--devices-stay", options.devices_stay, "Nobody enrols or revokes");
  app.add_flag("--owner-idle", options.owner_idle, "The owner has an active version and does nothing");
  app.add_flag("--chip", options.chip, "Versions may be counted by a chip");
  app.add_option("--accepts", options.accepts, "Restored and accepted backups");
  app.add_option("--registrations", options.most_registrations, "With --accepts: how many at most");
  app.add_flag("--no-deletion{false}", options.deletion, "With --accepts: no record is deleted");
  app.add_flag("--edited", options.edited, "With --accepts: rows of backups are edited, and discarded");
  app.add_option("--floor", options.floor, "Guesses that accepting leaves");
  app.add_option("--mutant", mutants, "Break a rule; may be given more than once");
  app.add_flag("--before", before, "Break all that were broken before versions had counts of their own");
  app.add_option("--until", options.until, "End once this invariant is broken");
  app.add_option("--most-states", options.most_states, "Give up beyond so many");
}

int Show(const Search& search, bool whole) {
  std::printf("%zu states, %zu transitions%s; broken: %s\n", search.states(), search.transitions(),
              whole ? "" : " (more than the budget)", search.Summary().c_str());
  for (const auto& [invariant, violation] : search.violations()) {
    std::printf("%s, found when %zu states were known: %s\n", invariant.c_str(), violation.states,
                violation.how.c_str());
    for (const std::string& line : violation.trace) std::printf("    %s\n", line.c_str());
  }
  if (!search.violations().empty()) return 1;
  return whole ? 0 : 2;
}

int Main(int argc, char** argv) {
  CLI::App app("Goes through all states of guess accounting");
  Options options;
  std::vector<std::string> mutants;
  bool before = false;
  AddOptions(app, options, mutants, before);
  CLI11_PARSE(app, argc, argv);
  if (before) options.mutants = kBefore;
  for (const std::string& name : mutants) {
    const Mutant mutant = MutantOf(name);
    if (mutant == Mutant::kCount) return std::fprintf(stderr, "there is no mutant %s\n", name.c_str()), 2;
    options.mutants.Add(mutant);
  }
  Search search(options);
  const bool whole = search.Run();
  return Show(search, whole);
}

}  // namespace
}  // namespace labrec::recovery::explorer

int main(int argc, char** argv) {
  return labrec::recovery::explorer::Main(argc, argv);
}
