#pragma once

#include <filesystem>

#include <sqlite3.h>

#include "absl/status/status.h"

namespace labrec::recovery {

// Whether the database file and the log beside it can be of one copy. SQLite joins any two, and shows a
// mixture of both. Each batch raises the head's epoch by one and is one transaction of the log, so the head
// that `with_log` shows is no further from the file's own than the log has transactions. DATA_LOSS, with what
// to do, if it is: the file is older than the log was begun. An older log shows in the head itself. Reads
// only; what it cannot tell is OK.
absl::Status CheckLogMatches(const std::filesystem::path& database, sqlite3* with_log);

}  // namespace labrec::recovery
