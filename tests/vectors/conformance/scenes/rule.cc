// What a client tries, unlocks, says and offers (docs/protocol.md, "How guesses are counted").

#include "tests/vectors/conformance/scenes/scenes.h"

namespace labrec::conformance {

namespace {

std::vector<Scene> WhatIsTried() {
  return {
      {"rules/c1-the-same-pin",
       "C1: a device seals without the old secret. The new PIN is tried first, and is the old one: that was "
       "a "
       "success, so the new version is unlocked once it is active.",
       SealWith(kOtherPin), [](const auto& realms) { AllHold(realms, Second(), kActive, 3); }},
      {"rules/c1-another-pin",
       "C1: the new PIN is another one: the new version is unlocked once it is active, and the guess was "
       "counted.",
       SealWith("314159"), [](const auto& realms) { AllHold(realms, Second(), kActive, 3); }},
      {"rules/c1-not-known",
       "C1: too few realms answered the guess to know: the new version is not unlocked, as it may be the "
       "same PIN.",
       SealWith("314159"),
       [](const auto& realms) {
         AllHold(realms, Second(), kActive, 3);
         for (const size_t i : {0, 1}) {
           realms[i]->Instead("Evaluate", 0, Refuse(absl::StatusCode::kInternal, "the device failed"));
         }
       }},
      {"rules/c2-change-of-pin",
       "C2: the old PIN was given. The new version is unlocked after Activate, and then has all its guesses.",
       Operation("change-pin", {{"pin", PinHex(kOtherPin)}, {"new_pin", PinHex("314159")}}),
       [](const auto& realms) { AllHold(realms, Second(), kActive, 3); }},
      {"rules/c3-pending-in-front",
       "C3: the newest group is pending and the PIN is wrong for it: say so, and offer the active version.",
       RecoverWith(Example::kPin),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         AllHold(realms, Second(), kPending);
       }},
      {"rules/c3-active-instead", "C3: the person asks for the active version: one guess more at each realm.",
       RecoverWith(Example::kPin, {{"active_only", true}}),
       [](const auto& realms) {
         AllHold(realms, TheRecord(), kActive, 9);
         AllHold(realms, Second(), kPending, 9);
       }},
  };
}

std::vector<Scene> WhatIsSaid() {
  return {
      {"rules/c4-not-complete",
       "C4: only one realm activates. That is not \"sealed\": `complete` is false, and the next recovery "
       "goes on.",
       SealWith(kOtherPin),
       [](const auto& realms) {
         for (const size_t i : {1, 2}) {
           realms[i]->Instead("Activate", 0, Refuse(absl::StatusCode::kInternal, "the device failed"));
         }
       }},
      {"rules/c5-look-at-what-is-there",
       "C5: after a theft. Each version shows the device that registered it: what is strange is deleted.",
       Operation("status"),
       [](const auto& realms) {
         AllHold(realms, TheRecord());
         AllHold(realms, Second(), kPending);
         for (HonestRealm* realm : realms) realm->versions[2].shown.registered_by = Bytes(16, 0xDD);
       }},
      {"rules/c6-the-versions-own-count",
       "C6: two versions with counts of their own. What is left, and whether it was the last guess, is the "
       "version's "
       "own: the record's greatest is 8.",
       RecoverWith("000000"),
       [](const auto& realms) {
         AllHold(realms, TheRecord(), kActive, 9);
         AllHold(realms, Second(), kPending, 1);
       }},
  };
}

}  // namespace

std::vector<Scene> RuleScenes() {
  std::vector<Scene> scenes = WhatIsTried();
  for (Scene& scene : WhatIsSaid()) scenes.push_back(std::move(scene));
  return scenes;
}

}  // namespace labrec::conformance
