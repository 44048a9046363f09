#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace labrec {

// Debian builds Abseil with its own string_view, which does not convert from std::string_view.
inline absl::string_view AbslView(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace labrec
