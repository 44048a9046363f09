#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/checkout_paths.h"

namespace labrec::test {

// The metrics that a file of tools/recoveryd/prometheus names.
inline std::set<std::string> MetricsNamedIn(const std::string& file) {
  std::ifstream stream(absl::StrCat(LABREC_SOURCE_DIR, "/tools/recoveryd/prometheus/", file));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  static const std::regex kMetric("\\blabyrinth_[a-z_]+");
  return {std::sregex_token_iterator(text.begin(), text.end(), kMetric), std::sregex_token_iterator()};
}

// Whether what Prometheus is told has such a line.
inline bool HasMetric(const std::string& page, const std::string& name) {
  return page.find("\n" + name + " ") != std::string::npos ||
         page.find("\n" + name + "{") != std::string::npos;
}

// The page has every metric that the dashboard and the rules name and that `is_its` picks. How many those
// are.
template <typename Pick>
size_t ExpectNamed(const std::string& page, const Pick& is_its) {
  size_t named = 0;
  for (const char* file : {"labyrinth.dashboard.json", "labyrinth.rules.yml"}) {
    for (const std::string& name : MetricsNamedIn(file)) {
      if (!is_its(name)) continue;
      ++named;
      EXPECT_TRUE(HasMetric(page, name))
          << file << " names " << name << ", of which /metrics knows nothing:\n"
          << page;
    }
  }
  return named;
}

}  // namespace labrec::test
