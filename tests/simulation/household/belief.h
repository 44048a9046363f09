#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/household/rules.h"

namespace labrec::sim {

// All states that an account may be in, after everything that its clients were told. What was acknowledged
// leaves only states that know of it; what was not answered may have happened or not, until something that is
// acknowledged later tells. When no state is left the realm has broken its word: it has given a guess, lost
// what it acknowledged, or done what the rules do not allow.
class Belief {
 public:
  struct Told {
    Request request;
    Answer answer;
  };
  using States = std::set<KnownAccount>;

  explicit Belief(pin::GuessPolicy policy) : policy_(std::move(policy)), states_{KnownAccount()} {}
  // Which registration has this number, from which of its beginnings, if all states agree.
  struct Registered {
    uint32_t serial;
    uint32_t begun;
    bool operator==(const Registered&) const = default;
  };
  std::optional<Registered> RegisteredAs(size_t record, uint32_t number) const;

  // Requests that were on their way at the same time: they happened in any order. False: no state is left.
  bool Note(const std::vector<Told>& told, Refusals refusals);

  // What may be, once the process that answered last is no more, or another one answers.
  States AfterCrash(Waiting waiting) const;

  const States& states() const { return states_; }
  void Become(States states) { states_ = std::move(states); }
  std::string Text() const;

 private:
  States After(const States& before, const Told& told, Refusals refusals) const;

  const pin::GuessPolicy policy_;
  States states_;
};

}  // namespace labrec::sim
