#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace labrec::hostile {

struct Violation {
  std::string rule;  // one word
  std::string text;
};

// Names a lie: "2/1/Evaluate/0" is the one told in move 2 by realm 1 to its first Evaluate.
using LieName = std::string;

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

// Runs a story with so much left out of it.
using RunLess = std::function<StoryReport(const Omitted&)>;

// As much left out of a story of so many moves as can be, so that the rule is still broken.
Omitted Shrink(size_t moves, const RunLess& run, const std::string& rule);

}  // namespace labrec::hostile
