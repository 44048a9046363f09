#pragma once

#include <cstdint>
#include <optional>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {

// The same code and message. Pure.
grpc::Status ToRpcStatus(const absl::Status& status);

// What a client may hear: a status whose message was written for whoever called (IsInOwnWords). Of any other
// it hears that the device is away (UNAVAILABLE), that what is stored of it is damaged (DATA_LOSS), or that
// something failed (INTERNAL, whatever the code was: a device's or a file's means something else to a
// client). The rest is the operator's, who finds it in the log and in labyrinth-admin status. Pure.
absl::Status ForClients(const absl::Status& status);

// When to come back, for the codes that mean "later"; nullopt for others. The engine's own hint, where the
// status carries one as payload kRetryAfter, comes first. Trailing metadata kRetryAfter of RESOURCE_EXHAUSTED
// and UNAVAILABLE.
std::optional<int64_t> RetryAfterMillis(const absl::Status& status);

}  // namespace labrec::recovery
