#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "recovery/store/follower.h"
#include "recovery/store/postgres/postgres_store.h"

namespace labrec::recovery {

// Looks at a ledger in PostgreSQL by a connection of its own to the server that takes writes (never to a
// standby). Whether enough standbys follow that server is not asked; all else is, as of OpenPostgresStore,
// with its errors: what an operator has to mend should be known before it is needed.
absl::StatusOr<std::unique_ptr<StoreFollower>> OpenPostgresFollower(const PostgresOptions& options);

}  // namespace labrec::recovery
