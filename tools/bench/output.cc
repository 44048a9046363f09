#include "tools/bench/output.h"

#include <cmath>
#include <cstdio>
#include <string>

#include "tools/bench/load/closed_loop.h"

namespace labrec::bench {
namespace {

void PrintTable(const Json& json, const std::string& prefix) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_structured()) {
      PrintTable(value, prefix + key + " ");
    } else {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      std::printf("%-44s %14s\n", (prefix + key).c_str(), text.c_str());
    }
  }
}

}  // namespace

double Rounded(double value) {
  return std::round(value * 1000) / 1000;
}

Json Percentiles(std::vector<double>& milliseconds) {
  return {{"p50", Rounded(Percentile(milliseconds, 0.5))},
          {"p90", Rounded(Percentile(milliseconds, 0.9))},
          {"p99", Rounded(Percentile(milliseconds, 0.99))},
          {"max", Rounded(Percentile(milliseconds, 1))}};
}

int Print(const absl::StatusOr<Json>& result, Format format) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    return 1;
  }
  if (format == Format::kJson) {
    std::printf("%s\n", result->dump(2).c_str());
  } else {
    PrintTable(*result, "");
  }
  return 0;
}

}  // namespace labrec::bench
