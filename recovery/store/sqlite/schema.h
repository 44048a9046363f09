#pragma once

#include <sqlite3.h>

#include "absl/status/status.h"

namespace labrec::recovery {

// Makes the tables in an empty file. Any other file must be a ledger of this version with exactly these
// tables and nothing else, as an edited file could bring its own: FAILED_PRECONDITION with what to do if it
// is not. docs/formats.md, "Storage".
absl::Status PrepareSchema(sqlite3* database);

// Writes the schema's version once more: a transaction that changes nothing but the log.
absl::Status RewriteVersion(sqlite3* database);

}  // namespace labrec::recovery
