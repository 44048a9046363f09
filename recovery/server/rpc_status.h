#pragma once

#include <cstdint>
#include <optional>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

#include "recovery/engine/refusal.h"

namespace labrec::recovery {

// The same code, with the message for the client. INTERNAL and UNKNOWN keep their details for the log. Pure.
grpc::Status ToRpcStatus(const absl::Status& status);

// When to come back, for the codes that mean "later"; nullopt for others. The engine's own hint, where the
// status carries one as payload kRetryAfter, comes first. Trailing metadata kRetryAfter of RESOURCE_EXHAUSTED
// and UNAVAILABLE.
std::optional<int64_t> RetryAfterMillis(const absl::Status& status);

}  // namespace labrec::recovery
