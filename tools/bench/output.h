#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"

namespace labrec::bench {

using Json = nlohmann::ordered_json;

enum class Format { kTable, kJson };

// {"p50": ..., "p90": ..., "p99": ..., "max": ...}, rounded to microseconds. Sorts `milliseconds`.
Json Percentiles(std::vector<double>& milliseconds);
// To three significant digits behind the point.
double Rounded(double value);

// Prints the result on standard output and returns 0; an error on standard error, and 1.
int Print(const absl::StatusOr<Json>& result, Format format);

}  // namespace labrec::bench
