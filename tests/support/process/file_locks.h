#pragma once

#include <filesystem>

#include <sys/types.h>

namespace labrec::test {

// Whether the process holds a lock of fcntl(2) or flock(2) on a file below `folder` (proc_locks(5)).
bool HoldsALockBelow(const std::filesystem::path& folder, pid_t process);

}  // namespace labrec::test
