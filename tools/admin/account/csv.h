#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::admin {

// The fields of a line (RFC 4180, but that a quoted field ends on its line). INVALID_ARGUMENT: a quote that
// does not end, or something behind one. Pure.
absl::StatusOr<std::vector<std::string>> CsvFields(std::string_view line);

}  // namespace labrec::admin
