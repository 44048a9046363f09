#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "tests/vectors/conformance/player.h"

namespace labrec::conformance {

using HonestRealms = std::array<HonestRealm*, Example::kRealms>;

// What is said to a client, and by realms that do what.
struct Scene {
  std::string name;  // "recover/lost-reply"
  std::string says;  // what it is about, for the reader
  Json operation;
  std::function<void(const HonestRealms& realms)> set;
};

std::vector<Scene> RecoverScenes();
std::vector<Scene> RuleScenes();
std::vector<Scene> ChipScenes();
std::vector<Scene> SealScenes();
std::vector<Scene> FloorScenes();
std::vector<Scene> OtherScenes();

// Plays it with the core of today.
Json Play(const Scene& scene);
// Plays what is written down: what the core asks of realms that answer so.
Json Replay(const Json& transcript);

}  // namespace labrec::conformance
