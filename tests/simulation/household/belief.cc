#include "tests/simulation/household/belief.h"

#include <algorithm>
#include <numeric>

namespace labrec::sim {

Belief::States Belief::After(const States& before, const Told& told, Refusals refusals) const {
  States after;
  for (const KnownAccount& state : before) {
    for (KnownAccount& next : StatesAfter(state, told.request, told.answer, policy_, refusals)) {
      after.insert(std::move(next));
    }
  }
  return after;
}

bool Belief::Note(const std::vector<Told>& told, Refusals refusals) {
  std::vector<size_t> order(told.size());
  std::iota(order.begin(), order.end(), 0);
  States after;
  do {
    States states = states_;
    for (const size_t i : order) states = After(states, told[i], refusals);
    after.merge(states);
  } while (std::ranges::next_permutation(order).found);
  if (after.empty()) return false;
  states_ = std::move(after);
  return true;
}

Belief::States Belief::AfterCrash(Waiting waiting) const {
  States after;
  for (const KnownAccount& state : states_) {
    for (KnownAccount& next : WithRefillsLost(state, waiting)) after.insert(std::move(next));
  }
  return after;
}

std::optional<Belief::Registered> Belief::RegisteredAs(size_t record, uint32_t number) const {
  std::optional<Registered> registered;
  for (const KnownAccount& state : states_) {
    const KnownVersion* version = state.records[record].Find(number);
    if (version == nullptr) return std::nullopt;
    const Registered here{version->serial, version->begun};
    if (registered && *registered != here) return std::nullopt;
    registered = here;
  }
  return registered;
}

std::string Belief::Text() const {
  std::string text;
  for (const KnownAccount& state : states_) text += "\n    may be: " + sim::Text(state);
  return text;
}

}  // namespace labrec::sim
