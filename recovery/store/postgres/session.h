#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "recovery/store/postgres/link/connection.h"
#include "recovery/store/postgres/postgres_store.h"

namespace labrec::recovery::postgres {

// The connection that writes, the only one with the ledger's lock, and the server it leads to.
struct WritingSession {
  Connection connection;
  ServerPlace place;
  ServerIdentity identity;
};

// Asks every place, and takes the server with the highest timeline of those that take writes: any other may
// be an old primary that came back, and has missed what its successor acknowledged since. Then checks all
// that is demanded of the server and its tables, and takes the lock. Errors: OpenPostgresStore.
absl::StatusOr<WritingSession> OpenWritingSession(const std::vector<ServerPlace>& places,
                                                  const PostgresOptions& options);

// Likewise a connection that only looks, beside whoever has the lock, and asks for no standbys.
absl::StatusOr<Connection> OpenLookingConnection(const std::vector<ServerPlace>& places,
                                                 const PostgresOptions& options);

}  // namespace labrec::recovery::postgres
