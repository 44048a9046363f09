#pragma once

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::bench {

// How long one small durable write takes in `folder`, `times` times: overwrites a page of 4 KiB of a file, as
// a write-ahead log in use does, and waits for fdatasync. Milliseconds each.
absl::StatusOr<std::vector<double>> DurableWrites(const std::filesystem::path& folder, int times);

}  // namespace labrec::bench
