#pragma once

#include <sqlite3.h>

#include "absl/status/status.h"

namespace labrec::recovery {

// For a file that is still empty: pages of 8 KiB, in which three accounts with a record of ordinary size have
// room, where pages of 4 KiB take one. Files of earlier releases keep theirs.
absl::Status SetPageSize(sqlite3* database);

// Makes the tables in an empty file. docs/formats.md, "Storage".
absl::Status MakeSchema(sqlite3* database);

// OK if the file is a ledger of this version with exactly these tables and nothing else, as an edited file
// could bring its own; FAILED_PRECONDITION or DATA_LOSS with what to do otherwise. Changes nothing.
absl::Status CheckSchema(sqlite3* database);

// Writes the schema's version once more: a transaction that changes nothing but the log.
absl::Status RewriteVersion(sqlite3* database);

}  // namespace labrec::recovery
