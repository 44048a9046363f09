#include "hsm/base/text/json.h"

#include <set>
#include <string>
#include <vector>

namespace labrec {
namespace {

template <typename Json>
Json Parse(std::string_view text) {
  std::vector<std::set<std::string>> open;  // the members so far of each object that is not closed yet
  bool twice = false;
  const auto look = [&](int, typename Json::parse_event_t event, Json& parsed) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event == Event::key && !open.back().insert(parsed.template get<std::string>()).second) twice = true;
    return true;
  };
  Json json = Json::parse(text, look, /*allow_exceptions=*/false);
  return twice ? Json(Json::value_t::discarded) : json;
}

}  // namespace

nlohmann::json ParseJson(std::string_view text) {
  return Parse<nlohmann::json>(text);
}

nlohmann::ordered_json ParseOrderedJson(std::string_view text) {
  return Parse<nlohmann::ordered_json>(text);
}

std::string JsonText(const nlohmann::json& json, int indent) {
  return json.dump(indent);
}

std::string JsonText(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent);
}

}  // namespace labrec
