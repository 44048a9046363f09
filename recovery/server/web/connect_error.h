#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"

#include "recovery/server/transport/http/message.h"

namespace labrec::recovery {

// Errors as the Connect protocol has them (connectrpc.com/docs/protocol, "Error codes"): a JSON body
// {"code", "message"} and the code's HTTP status. gRPC's codes, each with a name. Pure.

// "resource_exhausted".
std::string ConnectCode(absl::StatusCode code);
int ConnectHttpStatus(absl::StatusCode code);

// Of a call; `retry_after_ms` goes into Trailer-Retry-After-Ms, as gRPC's trailing metadata does.
HttpAnswer ConnectError(const absl::Status& status, std::optional<int64_t> retry_after_ms);

// Of a request that is no call: HTTP's status, and the code that says the same.
HttpAnswer ConnectRefusal(int http_status, const std::string& why);

}  // namespace labrec::recovery
