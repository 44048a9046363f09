#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hsm/base/encoding.h"
#include "tests/support/checkout_paths.h"

namespace labrec::recovery::labyrinth {

// "name = hex" lines in sections; what stands before the first "[section]" is section 0.
class VectorFile {
 public:
  using Section = std::map<std::string, Bytes>;

  explicit VectorFile(const std::string& name) {
    std::ifstream file(LABREC_SOURCE_DIR "/tests/vectors/" + name);
    EXPECT_TRUE(file.is_open()) << name;
    sections_.emplace_back();
    for (std::string line; std::getline(file, line);) Take(line);
  }

  const std::vector<Section>& sections() const { return sections_; }

 private:
  void Take(const std::string& line) {
    if (line.starts_with("[")) sections_.emplace_back();
    const size_t equals = line.find(" =");
    if (line.starts_with("#") || equals == std::string::npos) return;
    const std::string value = line.size() > equals + 3 ? line.substr(equals + 3) : "";
    const auto bytes = FromHex(value);
    EXPECT_TRUE(bytes.ok()) << line;
    sections_.back()[line.substr(0, equals)] = *bytes;
  }

  std::vector<Section> sections_;
};

}  // namespace labrec::recovery::labyrinth
