#pragma once

#include <functional>

#include "absl/status/statusor.h"

namespace labrec::recovery {

// What a call is answered with where there is nothing to say but whether it changed something: false where
// all was so already, as where a request comes twice.
struct Ok {
  bool changed = true;
};

// Hears how a call ended; called exactly once.
template <typename T>
using Done = std::function<void(absl::StatusOr<T>)>;

}  // namespace labrec::recovery
