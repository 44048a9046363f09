#include "tests/explorer/history.h"

#include <algorithm>

namespace labrec::recovery::explorer {
namespace {

uint8_t GreatestLimit(const State& state) {
  uint8_t greatest = 0;
  for (const VersionState& version : state.versions) {
    if (IsSecret(version)) greatest = std::max(greatest, version.limit);
  }
  return greatest;
}

// Counts up to one more than may be, so that a broken promise is seen and states stay few.
uint8_t Counted(uint8_t count, uint8_t most) {
  return std::min<uint8_t>(count + 1, most + 1);
}

// A guess counts as made when it is counted: its answer may come later, and then costs nothing.
void NoteCount(const Move& move, const Options& options, State& state) {
  VersionState& version = *Find(state, move.target);
  if (!IsSecret(version)) return;
  const uint8_t given_back = GivenBack(state, options);
  version.since_success = Counted(version.since_success, version.limit + given_back);
  if (move.who == kOwner) return;
  state.thief_guesses = Counted(state.thief_guesses, state.greatest_limit + given_back);
  state.in_delay = Counted(state.in_delay, 1);
}

// The ledger's or the chip's.
void NoteSuccess(const Move& move, State& state) {
  Find(state, move.target)->since_success = 0;
  if (move.who != kOwner) return;
  state.thief_guesses = state.in_delay = 0;
  state.greatest_limit = GreatestLimit(state);
}

void NoteRegistration(const State& before, const Move& move, const Functions& functions, State& state) {
  VersionState& version =
      *std::ranges::find_if(state.versions, [](const auto& each) { return each.stage == kPendingStage; });
  version.known = move.known;
  if (move.who == kThief) return;
  // The key of a version that he recovered signed: he has proven the PIN, and unlocks the new one.
  if (IsKeyOfMain(move.signer)) version.proven = 1;
  const bool something_left = std::ranges::any_of(before.versions, [&](const VersionState& each) {
    return IsSecret(each) && functions.Left(before, each) > 0;
  });
  if (something_left) {
    if (move.known == 0) state.greatest_limit = std::max(state.greatest_limit, version.limit);
    return;
  }
  state.thief_guesses = state.in_delay = 0;  // nothing of his was left to guess at
  state.greatest_limit = GreatestLimit(state);
}

// Notes that nobody looks at would only make more states.
void Forget(State& state) {
  for (VersionState& version : state.versions) {
    if (version.maker == kThief) version.proven = 0;
    if (!IsSecret(version)) version.since_success = 0;
  }
}

}  // namespace

uint8_t GivenBack(const State& state, const Options& options) {
  return static_cast<uint8_t>(state.accepts * options.floor);
}

void Note(const State& before, const Move& move, Result result, const Options& options,
          const Functions& functions, State& state) {
  switch (move.kind) {
    case MoveKind::kGuess:
    case MoveKind::kLostGuess:
      if (result == Result::kAnswered || result == Result::kCounted) NoteCount(move, options, state);
      [[fallthrough]];
    case MoveKind::kRepeat:
      if (result == Result::kAnswered && move.who == kOwner) Find(state, move.target)->proven = 1;
      break;
    case MoveKind::kUnlock:
    case MoveKind::kWriteChip:
      NoteSuccess(move, state);
      break;
    case MoveKind::kFinish:
    case MoveKind::kFinishChip:
      NoteRegistration(before, move, functions, state);
      break;
    case MoveKind::kPause:
      state.in_delay = 0;
      break;
    default:
      break;
  }
  if (!options.delays) state.in_delay = 0;
  Forget(state);
}

}  // namespace labrec::recovery::explorer
