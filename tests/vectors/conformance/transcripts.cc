#include "tests/vectors/conformance/transcripts.h"

#include <utility>

namespace labrec::conformance {

Json Play(const Scene& scene) {
  KitRealms realms;
  HonestRealms honest;
  for (size_t i = 0; i < realms.size(); ++i) {
    auto realm = std::make_unique<HonestRealm>(i);
    honest[i] = realm.get();
    realms[i] = std::move(realm);
  }
  scene.set(honest);
  Draws draws(scene.name);
  Json transcript = {{"name", scene.name}, {"says", scene.says}, {"operation", scene.operation}};
  return Player(std::move(transcript), realms, draws).Play();
}

Json Replay(const Json& transcript) {
  KitRealms realms;
  for (size_t i = 0; i < realms.size(); ++i) realms[i] = WrittenRealm(transcript["realms"][i]);
  Draws draws(transcript["random"]);
  Json head = {
      {"name", transcript["name"]}, {"says", transcript["says"]}, {"operation", transcript["operation"]}};
  return Player(std::move(head), realms, draws).Play();
}

}  // namespace labrec::conformance
