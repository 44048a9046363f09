#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/postgres/link/connection.h"

namespace labrec::recovery::postgres {

// Whether the schema (the first of search_path that has any of them) holds a ledger's tables.
absl::StatusOr<bool> HasSchema(Connection& connection);

// Makes the tables, all or none.
absl::Status MakeSchema(Connection& connection);

// The tables that a ledger was rebuilt in take the place of the ledger's own, which are dropped: all at once.
absl::Status PutRebuiltInPlace(Connection& connection);

absl::Status DropSchema(Connection& connection);

// DATA_LOSS, naming what differs: the tables are not as MakeSchema makes them. FAILED_PRECONDITION: they are
// of another version, UNLOGGED (a crash empties them, and no standby has them), or have triggers, rules,
// policies or children, by which a statement would do something else. To be asked of the server as it is now.
absl::Status CheckSchema(Connection& connection);

}  // namespace labrec::recovery::postgres
