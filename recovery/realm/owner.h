#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace labrec::recovery {

// Root works in a folder of somebody else (the service's user) as that user, from here on and in all of the
// process: with its groups and nothing of root's. Whatever the owner put there, symbolic links and all, then
// reaches no further than the owner does, and what is made there is the owner's. Does nothing for anybody
// else, for a folder of root's, or where there is none. What only root may read has to be read before.
absl::Status WorkAsOwnerOf(const std::filesystem::path& folder);

// FAILED_PRECONDITION where root would work as root in a folder of somebody else: what it made there the
// owner could not open. OK for anybody else, who can do no such harm.
absl::Status CheckNotRootInFolderOf(const std::filesystem::path& folder);

}  // namespace labrec::recovery
