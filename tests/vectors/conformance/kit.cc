#include "tests/vectors/conformance/kit.h"

#include <nlohmann/json.hpp>

#include "tests/vectors/conformance/transcripts.h"
#include "tests/vectors/conformance/values.h"

namespace labrec::conformance {

std::map<std::string, std::string> MakeKit() {
  std::map<std::string, std::string> files;
  const auto put = [&](const std::string& name, const Json& json) { files[name] = json.dump(1) + "\n"; };
  put("example.json", ExampleValues());
  put("signed.json", SignedValues());
  put("configs.json", ConfigValues());
  put("points.json", PointValues());
  put("tokens.json", TokenValues());
  put("pins.json", PinValues());
  put("chip.json", ChipValues());
  put("methods.json", MethodValues());
  put("codes.json", CodeValues());
  for (const auto& scenes :
       {RecoverScenes(), RuleScenes(), SealScenes(), FloorScenes(), ChipScenes(), OtherScenes()}) {
    for (const Scene& scene : scenes) put("transcripts/" + scene.name + ".json", Play(scene));
  }
  return files;
}

}  // namespace labrec::conformance
