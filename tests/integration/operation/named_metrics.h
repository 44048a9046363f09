#pragma once

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

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

}  // namespace labrec::test
