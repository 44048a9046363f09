#pragma once

#include <filesystem>

#include <sys/stat.h>
#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labrec::recovery {

// Who may connect to a Unix socket, as its file says.
struct SocketAccess {
  mode_t mode = 0600;
  gid_t group = static_cast<gid_t>(-1);  // -1: as it is
};

// The file of a Unix socket that this process listens on. What lies at its path is left alone, unless it is
// the socket of a process of this user that is dead: nobody takes a live daemon's socket, or a file, away.
// Threads: one at a time.
class SocketFile {
 public:
  // Binds `fd` (a new Unix stream socket, which stays the caller's) to `path` and listens. The folder is
  // locked (flock) meanwhile, so that of two that start at once the second finds the first alive.
  // INVALID_ARGUMENT: the path is too long; FAILED_PRECONDITION: something else lies there, or another user's
  // socket; UNAVAILABLE: a process listens there, or what the system says.
  static absl::StatusOr<SocketFile> Listen(int fd, const std::filesystem::path& path, int backlog);

  // What Listen would refuse before it asks whether somebody listens there.
  static absl::Status Check(const std::filesystem::path& path);

  SocketFile() = default;
  SocketFile(SocketFile&& other) noexcept { Swap(other); }
  SocketFile& operator=(SocketFile&& other) noexcept {
    Swap(other);
    return *this;
  }
  // Removes the file, if it is still the one that Listen made.
  ~SocketFile() { Remove(); }
  void Remove();

  // Sets mode and group of the file that Listen made: FAILED_PRECONDITION if another one lies there now.
  absl::Status Allow(const SocketAccess& access) const;

 private:
  void Swap(SocketFile& other) noexcept;

  std::filesystem::path path_;  // empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace labrec::recovery
