#pragma once

#include <functional>

#include "tests/explorer/functions.h"

namespace labrec::recovery::explorer {

// What must hold, by the names that docs/threat_model.md gives ("Guess accounting, as it was explored").
//   I1  between two successes with a version of the owner's: at most its limit of evaluations of it
//   I2  between two successes of the owner's: at most his greatest limit of the thief's, over all his
//   versions;
//       and over any number of registrations, as long as one of them had a guess left
//   I3a a token takes at most one guess of each version an answered evaluation, and erases only the version
//   that
//       it guesses at, when that had none left; no other request by it takes any
//   I3b a version that the owner registers has a guess left then
//   I3c revoking erases no active version
//   I3r a token neither ends a registration nor makes one impossible
//   I4  once the thief's devices are revoked and a version of the owner's is active, the thief holds nothing
//   I4p no begun or pending version outlives the enrolment of the device that registered it
//   I5  what was evaluated since a success is not counted again; Unlock, Activate, Enroll repeated change
//   nothing I6  where a version has a guess left, the right PIN and Unlock make it full, and its key then
//   enrols a device D1  with delays: at most one of the thief's evaluations within one delay A1  the key of a
//   version that nobody activated only unlocks and activates that version row every row that the functions
//   make is one that the codec takes

// Told which one is broken, and how.
using Report = std::function<void(const char* invariant, const char* how)>;

void JudgeState(const State& state, const Options& options, const Functions& functions, const Report& report);
// `after` is not renumbered yet.
void JudgeStep(const State& before, const Move& move, Result result, const State& after,
               const Options& options, const Functions& functions, const Report& report);

}  // namespace labrec::recovery::explorer
