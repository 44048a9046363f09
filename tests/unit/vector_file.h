#pragma once

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "hsm/base/encoding.h"
#include "tests/support/checkout_paths.h"

namespace labrec {

// A file of tests/vectors: "name = value" lines, those before the first "[...]" line common to all vectors.
struct VectorFile {
  using Fields = std::map<std::string, std::string>;
  Fields common;
  std::vector<Fields> vectors;

  static VectorFile Load(const std::string& name) {
    std::ifstream file(std::string(LABREC_SOURCE_DIR "/tests/vectors/") + name);
    if (!file) throw std::runtime_error("no vector file " + name);
    VectorFile loaded;
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line[0] == '#') continue;
      if (line[0] == '[') {
        loaded.vectors.emplace_back();
        continue;
      }
      const size_t equals = line.find(" =");
      if (equals == std::string::npos) throw std::runtime_error("not a vector line: " + line);
      const std::string value = line.size() > equals + 3 ? line.substr(equals + 3) : "";
      (loaded.vectors.empty() ? loaded.common : loaded.vectors.back())[line.substr(0, equals)] = value;
    }
    return loaded;
  }
};

// Throws (and so fails the test) if `text` is not hexadecimal.
inline Bytes Unhex(const std::string& text) {
  return FromHex(text).value();
}

}  // namespace labrec
