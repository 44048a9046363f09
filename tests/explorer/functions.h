#pragma once

#include <cstdint>

#include "tests/explorer/move.h"
#include "tests/explorer/options.h"
#include "tests/explorer/state.h"
#include "tests/explorer/world.h"

namespace labrec::recovery::explorer {

enum class Result : uint8_t {
  kRefused,
  kOk,
  kAnswered,
  kCounted,  // but not answered
  kGone,     // the version's guesses are used up
  kLocked,
};

// The project's functions of recovery/record, called as the engine calls them, on the rows of a state.
// Mutants break a rule around them: they change what goes in or what came out.
class Functions {
 public:
  explicit Functions(const Options& options) : options_(options) {}

  // Makes the move: changes `world`, and of `state` only what mutants have there (see state.h). `state` is
  // that of `world`. kRefused leaves both alone.
  Result Apply(const Move& move, State& state, World& world) const;
  // What accepting a backup does to its rows.
  void Accept(MoveKind how, World& world) const;
  // Guesses left at the version, as the realm says.
  uint8_t Left(const State& state, const VersionState& version) const;

 private:
  bool Has(Mutant mutant) const { return options_.mutants.Has(mutant); }

  const Options& options_;
};

}  // namespace labrec::recovery::explorer
