#pragma once

#include <nlohmann/json.hpp>

namespace labrec::conformance {

// The files of docs/conformance that hold values; its README.md says what each is.
nlohmann::ordered_json ExampleValues();
nlohmann::ordered_json SignedValues();
nlohmann::ordered_json ConfigValues();
nlohmann::ordered_json PointValues();
nlohmann::ordered_json TokenValues();
nlohmann::ordered_json PinValues();
nlohmann::ordered_json ChipValues();
nlohmann::ordered_json MethodValues();
nlohmann::ordered_json CodeValues();

}  // namespace labrec::conformance
