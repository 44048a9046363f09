#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

// nlohmann's parser and writer take two seconds to compile in each source that calls them. They are compiled
// once, behind these.
namespace labrec {

// What is no JSON comes back discarded (is_discarded()), and so does what has a member twice: of two values
// one reader takes the first and another one the last (RFC 8259, section 4).
nlohmann::json ParseJson(std::string_view text);
nlohmann::ordered_json ParseOrderedJson(std::string_view text);

// On one line, or with each level `indent` spaces deeper. Its strings have to be UTF-8, else it throws.
std::string JsonText(const nlohmann::json& json, int indent = -1);
std::string JsonText(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace labrec
