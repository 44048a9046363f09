#pragma once

#include "absl/status/status.h"

#include "recovery/store/postgres/link/connection.h"
#include "recovery/store/postgres/postgres_store.h"

namespace labrec::recovery::postgres {

// FAILED_PRECONDITION, naming the setting and what to do, unless the server keeps what it acknowledges: its
// version, its settings, and what this role may see of the standbys. These are the server's own words: they
// find mistakes, not lies.
absl::Status CheckServer(Connection& connection, const PostgresOptions& options);

// Waits until `replicas` of the named standbys follow the server; with 0, until any does where the server
// itself waits for some at each COMMIT. UNAVAILABLE: they do not in time; names those that are missing.
absl::Status AwaitStandbys(Connection& connection, const PostgresOptions& options);

}  // namespace labrec::recovery::postgres
