#include "recovery/server/admin/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

absl::Status Failed(const std::filesystem::path& path, const char* what) {
  return absl::UnavailableError(
      absl::StrCat("admin socket ", path.string(), ": ", what, ": ", std::strerror(errno)));
}

absl::Status PrepareFolder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Failed(path, "cannot make its folder");
  struct stat found {};
  if (stat(folder.c_str(), &found) != 0) return Failed(path, "cannot look at its folder");
  if (found.st_uid != geteuid() || (found.st_mode & 022) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "admin socket ", path.string(),
        ": its folder has to belong to the daemon's user, and nobody else may write to it; give it "
        "a folder of its own with mode 0700"));
  }
  return absl::OkStatus();
}

absl::Status RemoveLeftover(const std::filesystem::path& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return absl::OkStatus();
  if (!S_ISSOCK(found.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("admin socket ", path.string(), ": there is something else of that name"));
  }
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : Failed(path, "cannot remove the old socket");
}

absl::StatusOr<sockaddr_un> Address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(absl::StrCat("admin socket ", text, ": a path of ", text.size(),
                                                   " bytes; the kernel takes ", sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

// Bound with mode 0600 by the process's umask. Who may come in is decided by their credentials when they do
// (Admit); the file's mode keeps others from trying, and where others are allowed it has to let them.
absl::Status Bind(int fd, const std::filesystem::path& path, const std::vector<uid_t>& allowed) {
  LABREC_ASSIGN_OR_RETURN(const sockaddr_un address, Address(path));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Failed(path, "bind");
  const bool only_us = std::ranges::all_of(allowed, [](uid_t uid) { return uid == 0 || uid == geteuid(); });
  if (chmod(path.c_str(), only_us ? 0600 : 0666) != 0) return Failed(path, "chmod");
  return listen(fd, 16) == 0 ? absl::OkStatus() : Failed(path, "listen");
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminSocket>> AdminSocket::Listen(std::filesystem::path path,
                                                                 std::vector<uid_t> allowed) {
  LABREC_RETURN_IF_ERROR(PrepareFolder(path));
  LABREC_RETURN_IF_ERROR(RemoveLeftover(path));
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int stop = eventfd(0, EFD_CLOEXEC);
  if (fd < 0 || stop < 0) return Failed(path, "socket");
  std::unique_ptr<AdminSocket> admin(new AdminSocket(std::move(path), fd, stop, std::move(allowed)));
  LABREC_RETURN_IF_ERROR(Bind(fd, admin->path_, admin->allowed_));
  return admin;
}

AdminSocket::~AdminSocket() {
  Close();
  close(stop_);
}

void AdminSocket::Close() {
  const uint64_t one = 1;
  if (thread_.joinable() && write(stop_, &one, sizeof one) == sizeof one) thread_.join();
  if (listener_ < 0) return;
  close(std::exchange(listener_, -1));
  unlink(path_.c_str());
}

void AdminSocket::Accept(std::function<void(int fd)> take) {
  thread_ = std::thread([this, take = std::move(take)] { Run(take); });
}

void AdminSocket::Run(const std::function<void(int fd)>& take) {
  for (;;) {
    pollfd waited[2] = {{listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(waited, 2, -1) < 0 && errno != EINTR) return;
    if (waited[1].revents != 0) return;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) Admit(fd, take);
  }
}

void AdminSocket::Admit(int fd, const std::function<void(int fd)>& take) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
  const Peer peer{credentials.uid, credentials.pid};
  if (!known || !Allows(peer)) {
    spdlog::warn("admin socket: refused uid {} pid {}", peer.uid, peer.pid);
    close(fd);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    peers_[fd] = peer;  // a number that is used again replaces its former owner before any call of it
  }
  take(fd);
}

bool AdminSocket::Allows(const Peer& peer) const {
  return std::find(allowed_.begin(), allowed_.end(), peer.uid) != allowed_.end();
}

std::optional<Peer> AdminSocket::PeerOf(const std::string& name) const {
  if (!name.starts_with("fd:")) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (const auto& [fd, peer] : peers_) {
    if (name == "fd:" + std::to_string(fd)) return peer;
  }
  return std::nullopt;
}

}  // namespace labrec::recovery
