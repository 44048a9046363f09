#pragma once

#include <filesystem>

#include <sqlite3.h>

#include "absl/status/status.h"

namespace labrec::recovery {

// Copies the database as of one moment to the new file `path`, mode 0600, durably. ALREADY_EXISTS if there is
// a file; on any other error the unfinished copy is removed.
absl::Status CopyDatabase(sqlite3* source, const std::filesystem::path& path);

}  // namespace labrec::recovery
