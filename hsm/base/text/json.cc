#include "hsm/base/text/json.h"

namespace labrec {

nlohmann::json ParseJson(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

nlohmann::ordered_json ParseOrderedJson(std::string_view text) {
  return nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string JsonText(const nlohmann::json& json, int indent) {
  return json.dump(indent);
}

std::string JsonText(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent);
}

}  // namespace labrec
