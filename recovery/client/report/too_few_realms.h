#pragma once

#include <string>

#include "absl/status/status.h"

namespace labrec::recovery::client {

// UNAVAILABLE, marked so that callers can tell "fewer realms than the threshold could be reached" from other
// errors. Nothing was decided; the same call may be made again.
absl::Status TooFewRealmsError(const std::string& message);
bool IsTooFewRealms(const absl::Status& status);

// Whether the realm could not be talked to, as opposed to having refused.
bool IsUnreachable(const absl::Status& status);

}  // namespace labrec::recovery::client
