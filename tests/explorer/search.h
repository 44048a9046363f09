#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/explorer/functions.h"
#include "tests/explorer/invariants.h"
#include "tests/explorer/moves.h"

namespace labrec::recovery::explorer {

// A broken invariant, by the fewest steps that break it.
struct Violation {
  size_t steps = 0;
  size_t states = 0;  // known when it was found
  std::string how;
  std::vector<std::string> trace;
};

// Goes through all states that there are, breadth first. One thread; memory: 160 bytes a state.
class Search {
 public:
  explicit Search(const Options& options) : options_(options), functions_(options_) {}

  // False if there are more than options.most_states: then nothing is shown by what was not found.
  bool Run();

  const std::vector<Node>& nodes() const { return nodes_; }
  size_t states() const { return nodes_.size(); }
  size_t transitions() const { return transitions_; }
  const std::map<std::string, Violation>& violations() const { return violations_; }
  // "I1 in 5 steps", one after the other.
  std::string Summary() const;

 private:
  struct Origin {
    uint32_t parent = 0;
    Move move;
  };

  Node First() const;
  void Take(size_t parent, const Node& node, const World& world, const Move& move);
  void BackUp(size_t parent, const Node& node, const Move& move);
  void Accept(size_t parent, const Node& node, const Move& move);
  void Add(const Node& node, size_t parent, const Move& move);
  void Grow();
  void Found(const char* invariant, const char* how, size_t at, const Move* move);
  bool IsDone(size_t at) const;
  size_t Depth(size_t at) const;
  std::vector<std::string> Trace(size_t at, const Move* move) const;

  const Options options_;
  const Functions functions_;
  std::vector<Node> nodes_;
  std::vector<Origin> origins_;
  std::vector<uint32_t> table_;  // of nodes by their hash: index + 1, 0 where there is none
  size_t transitions_ = 0;
  std::map<std::string, Violation> violations_;
};

}  // namespace labrec::recovery::explorer
