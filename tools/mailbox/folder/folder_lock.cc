#include "tools/mailbox/folder/folder_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

namespace labrec::mailbox {

absl::StatusOr<FolderLock> FolderLock::Take(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.ok()) return absl::ErrnoToStatus(errno, "cannot open " + path.string());
  while (flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "cannot lock " + path.string());
  }
  return FolderLock(std::move(fd));
}

}  // namespace labrec::mailbox
