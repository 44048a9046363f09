#pragma once

namespace labrec::recovery {

// The word by which a realm says in how many milliseconds to come back, in decimal: trailing metadata of an
// answer, and the payload of the absl::Status that becomes one.
inline constexpr char kRetryAfter[] = "retry-after-ms";

}  // namespace labrec::recovery
