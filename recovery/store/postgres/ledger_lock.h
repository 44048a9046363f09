#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/postgres/link/connection.h"

namespace labrec::recovery::postgres {

// The session that has the right to write: by an advisory lock on the schema's labrec_head, which PostgreSQL
// takes back when the session ends.
struct LockHolder {
  std::string name;                         // for people
  std::chrono::milliseconds silent_for{0};  // PostgreSQL waits so long for its next word; 0 while it is busy
};
absl::StatusOr<std::optional<LockHolder>> FindLockHolder(Connection& connection);

enum class LockHeld {
  kRefuse,      // after a second: a session that has just ended may have it still
  kEndSession,  // pg_terminate_backend: the holder finds its session gone, wherever it was
};
// FAILED_PRECONDITION, naming the holder: another session has it.
absl::Status TakeLock(Connection& connection, LockHeld held);

}  // namespace labrec::recovery::postgres
