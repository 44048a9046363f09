#pragma once

#include <chrono>

#include "absl/status/statusor.h"

#include "recovery/server/transport/http/message.h"

namespace labrec::recovery {

// What of a request makes it one of Connect's unary calls (connectrpc.com/docs/protocol, "Unary-Request").
// Pure.

// OK if it is one that this server takes. If not, `refusal` is what to answer.
bool IsUnaryCall(const HttpRequest& request, HttpAnswer& refusal);

// Until when the caller waits, by Connect-Timeout-Ms; time_point::max() without one. INVALID_ARGUMENT if it
// is no number of at most ten digits.
absl::StatusOr<std::chrono::steady_clock::time_point> ConnectDeadline(
    const HttpRequest& request, std::chrono::steady_clock::time_point now);

}  // namespace labrec::recovery
