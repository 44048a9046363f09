#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace labrec::admin {

// Root works in a folder of somebody else (the service's user) as that user, from here on and in all of the
// process: with its groups and nothing of root's. Whatever the owner put there, symbolic links and all, then
// reaches no further than the owner does, and what is made there is the owner's. Does nothing for anybody
// else, for a folder of root's, or where there is none. What only root may read has to be read before.
absl::Status WorkAsOwnerOf(const std::filesystem::path& folder);

}  // namespace labrec::admin
