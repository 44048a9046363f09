#pragma once

#include <functional>

#include "absl/status/statusor.h"

namespace labrec::recovery {

// What a call is answered with where there is nothing to say.
struct Ok {};

// Hears how a call ended; called exactly once.
template <typename T>
using Done = std::function<void(absl::StatusOr<T>)>;

}  // namespace labrec::recovery
