#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/hostile/judge.h"
#include "tests/hostile/plan.h"
#include "tests/hostile/stage.h"

namespace labrec::hostile {

struct StoryReport {
  std::vector<Violation> violations;
  std::vector<LieName> lies;  // that were told
  std::vector<std::string> transcript;
  std::map<std::string, uint64_t> counts;
};

// What is left out of a plan.
struct Omitted {
  std::set<LieName> lies;
  std::set<size_t> moves;
};

// Runs the plan's moves for an account of its own, and judges each.
StoryReport RunStory(World& world, const Plan& plan, const Omitted& omitted = {});

// The same plan with as much left out as can be, so that the rule is still broken.
Omitted Shrink(World& world, const Plan& plan, const std::string& rule);

}  // namespace labrec::hostile
