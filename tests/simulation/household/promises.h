#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/household/belief.h"

namespace labrec::sim {

// What docs/protocol.md promises of guesses, counted in the answers alone: no rule is applied here. Where an
// answer is missing it is taken as what gives the realm more room.
class Promises {
 public:
  // A registration was sent.
  void Register(uint32_t serial, bool thiefs, uint32_t limit);
  // What was told, and the states as they were before and are after. What it breaks, in words; empty:
  // nothing.
  std::vector<std::string> Note(const std::vector<Belief::Told>& told, const Belief::States& before,
                                const Belief& after);
  // The operator accepted a copy: each version may have that many guesses more.
  void Accepted(uint32_t floor) { given_back_ += floor; }

 private:
  struct Registered {
    bool thiefs = false;
    uint32_t limit = 0;
    std::set<uint32_t> answered;  // elements, since its last success
  };
  struct OfRecord {
    uint32_t thiefs_guesses = 0;  // answered at the owner's versions since his last success or fresh start
    uint32_t greatest_limit = 0;  // of his versions since then
  };

  void NoteSuccesses(const std::vector<Belief::Told>& told);
  void NoteFreshStarts(const std::vector<Belief::Told>& told, const Belief::States& before);
  void NoteLimits(const Belief::States& states);
  std::vector<std::string> NoteGuess(const Request& request, const Belief& after);
  bool IsOwners(uint32_t serial) const { return !registered_.at(serial).thiefs; }

  std::map<uint32_t, Registered> registered_;  // by serial
  std::array<OfRecord, kRecordsOfHousehold> records_;
  uint32_t given_back_ = 0;
};

}  // namespace labrec::sim
