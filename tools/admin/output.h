#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

namespace labrec::admin {

using Json = nlohmann::ordered_json;

// What a command found out: for programs with --json, for people without. Goes to standard output; all else
// goes to standard error.
enum class Format { kText, kJson };
void Print(Format format, const Json& json, const std::string& text);

// "labyrinth-admin: MESSAGE" on standard error.
void Complain(const absl::Status& status);

}  // namespace labrec::admin
