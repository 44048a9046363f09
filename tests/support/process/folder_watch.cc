#include "tests/support/process/folder_watch.h"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace labrec::test {

absl::StatusOr<std::unique_ptr<FolderWatch>> FolderWatch::On(const std::filesystem::path& folder) {
  const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return absl::ErrnoToStatus(errno, "inotify_init1");
  std::unique_ptr<FolderWatch> watch(new FolderWatch(fd));
  if (inotify_add_watch(fd, folder.c_str(), IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot watch ", folder.string()));
  }
  return watch;
}

FolderWatch::~FolderWatch() {
  close(fd_);
}

bool FolderWatch::WaitForChange(std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready == 0) return false;
    if (ready < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    alignas(inotify_event) char events[4096];
    while (read(fd_, events, sizeof(events)) > 0) {
    }
    return true;
  }
}

}  // namespace labrec::test
