#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::recovery::client {

// The number of a new version, and who is left out of it.
struct VersionChoice {
  uint32_t version = 0;
  std::vector<size_t> outliers;  // realms whose highest number is too far above the others'
};

// `highest`: the highest version that each realm says it has seen, if it says so: a claim. A realm takes a
// number at most kMostVersionStep above its own. So a realm that lies could lead the numbers to their end, or
// to where a realm that tells the truth cannot follow. The number is the one above the highest claim that the
// threshold and more than half of those that answered can follow; who claims more is an outlier.
// FAILED_PRECONDITION if there is no such claim, or no number above it.
absl::StatusOr<VersionChoice> ChooseVersion(const std::vector<std::optional<uint32_t>>& highest,
                                            uint32_t threshold);

}  // namespace labrec::recovery::client
