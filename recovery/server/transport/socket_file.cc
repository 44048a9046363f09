#include "recovery/server/transport/socket_file.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

namespace fs = std::filesystem;

constexpr int kLockTries = 200;
constexpr std::chrono::milliseconds kLockPause{10};

absl::Status SystemError(const fs::path& path, const char* what) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", path.string(), ": ", what, ": ", std::strerror(errno)));
}

absl::Status LeftAlone(const fs::path& path, const char* what) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on ", path.string(), ": ", what,
                   ", and is left alone; remove it, or choose another path"));
}

absl::StatusOr<sockaddr_un> Address(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", text, ": a path of ", text.size(),
                                                   " bytes; the kernel takes ", sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

// Nobody answers there any more, as ECONNREFUSED says and nothing else does.
absl::Status CheckDead(const fs::path& path, const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const absl::Cleanup close_probe = [probe] { close(probe); };
  if (probe < 0) return SystemError(path, "socket");
  if (connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ECONNREFUSED) return absl::OkStatus();
    if (errno != EAGAIN) return SystemError(path, "whether a process listens there cannot be seen");
  }
  return absl::UnavailableError(absl::StrCat("cannot listen on ", path.string(),
                                             ": a process listens there; end it, or choose another path"));
}

// Whether a socket lies there; an error if it is something else, or another user's (root looks at it all the
// same, and does not listen there).
absl::StatusOr<bool> FindSocket(const fs::path& path, bool as_root) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return false;
    return SystemError(path, "cannot be looked at");
  }
  if (!S_ISSOCK(found.st_mode)) return LeftAlone(path, "what lies there is no socket");
  if (found.st_uid == geteuid() || as_root) return true;
  return LeftAlone(path, "what lies there is another user's socket");
}

absl::Status RemoveDead(const fs::path& path, const sockaddr_un& address) {
  LABREC_ASSIGN_OR_RETURN(const bool there, FindSocket(path, false));
  if (!there) return absl::OkStatus();
  LABREC_RETURN_IF_ERROR(CheckDead(path, address));
  return unlink(path.c_str()) == 0 ? absl::OkStatus()
                                   : SystemError(path, "the dead socket cannot be removed");
}

// The path's folder, locked; the lock goes with the descriptor. What is done under it takes microseconds, so
// whoever holds it for longer is none of ours, and anybody who sees the folder may: it is not waited for
// then.
absl::StatusOr<int> LockFolder(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError(path, "its folder cannot be opened");
  for (int tries = 0; tries < kLockTries && flock(fd, LOCK_EX | LOCK_NB) != 0; ++tries) {
    std::this_thread::sleep_for(kLockPause);
  }
  return fd;
}

}  // namespace

absl::Status SocketFile::Check(const fs::path& path) {
  LABREC_RETURN_IF_ERROR(Address(path).status());
  return FindSocket(path, geteuid() == 0).status();
}

absl::StatusOr<SocketFile> SocketFile::Listen(int fd, const fs::path& path, int backlog) {
  LABREC_ASSIGN_OR_RETURN(const sockaddr_un address, Address(path));
  LABREC_ASSIGN_OR_RETURN(const int folder, LockFolder(path));
  const absl::Cleanup unlock = [folder] { close(folder); };
  LABREC_RETURN_IF_ERROR(RemoveDead(path, address));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return SystemError(path, "bind");
  }
  SocketFile file;
  struct stat made {};
  if (lstat(path.c_str(), &made) != 0) return SystemError(path, "cannot be looked at");
  file.path_ = path;
  file.device_ = made.st_dev;
  file.inode_ = made.st_ino;
  if (listen(fd, backlog) != 0) return SystemError(path, "listen");
  return file;
}

// By the file's own descriptor, which is the socket's and nobody else's whatever happens to the name.
absl::Status SocketFile::Allow(const SocketAccess& access) const {
  const int fd = open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat found {};
  if (fd < 0 || fstat(fd, &found) != 0) return SystemError(path_, "cannot be looked at");
  if (found.st_dev != device_ || found.st_ino != inode_)
    return LeftAlone(path_, "another file lies there now");
  if (access.group != static_cast<gid_t>(-1) &&
      fchownat(fd, "", static_cast<uid_t>(-1), access.group, AT_EMPTY_PATH) != 0) {
    return SystemError(path_, "chgrp");
  }
  const std::string by_descriptor = absl::StrCat("/proc/self/fd/", fd);  // fchmod takes no O_PATH
  return chmod(by_descriptor.c_str(), access.mode) == 0 ? absl::OkStatus() : SystemError(path_, "chmod");
}

void SocketFile::Remove() {
  struct stat found {};
  const fs::path path = std::exchange(path_, {});
  if (path.empty() || lstat(path.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) unlink(path.c_str());
}

void SocketFile::Swap(SocketFile& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
}

}  // namespace labrec::recovery
