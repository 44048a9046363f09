#include "recovery/server/admin/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

// Root looks at what is another user's, as it does with --check-config.
absl::Status CheckFolder(const std::filesystem::path& path) {
  struct stat found {};
  if (stat(path.parent_path().c_str(), &found) != 0) return Failed(path, "cannot look at its folder");
  const bool ours = found.st_uid == geteuid() || geteuid() == 0;
  if (!ours || (found.st_mode & 022) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "admin socket ", path.string(),
        ": its folder has to belong to the daemon's user, and nobody else may write to it; give it "
        "a folder of its own with mode 0700"));
  }
  return absl::OkStatus();
}

absl::Status PrepareFolder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Failed(path, "cannot make its folder");
  return CheckFolder(path);
}

absl::Status OfTheSocket(const absl::Status& status) {
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat("admin socket: ", status.message()));
}

// Who may come in is decided by their credentials when they do (Admit); the file's mode keeps others from
// trying, and where others are allowed it has to let them.
SocketAccess AccessFor(const std::vector<uid_t>& allowed) {
  const bool only_us = std::ranges::all_of(allowed, [](uid_t uid) { return uid == 0 || uid == geteuid(); });
  return {only_us ? mode_t{0600} : mode_t{0666}};
}

}  // namespace

absl::StatusOr<std::string> OperatorAt(const std::optional<Peer>& peer) {
  if (!peer) return absl::PermissionDeniedError("the operator's calls are taken on the admin socket only");
  return absl::StrCat("operator uid ", peer->uid, " pid ", peer->pid);
}

absl::StatusOr<std::unique_ptr<AdminSocket>> AdminSocket::Listen(std::filesystem::path path,
                                                                 std::vector<uid_t> allowed) {
  LABREC_RETURN_IF_ERROR(PrepareFolder(path));
  auto listener = Listener::Listen(absl::StrCat("unix:", path.string()));
  if (!listener.ok()) return OfTheSocket(listener.status());
  LABREC_RETURN_IF_ERROR(OfTheSocket((*listener)->Allow(AccessFor(allowed))));
  return std::unique_ptr<AdminSocket>(new AdminSocket(*std::move(listener), std::move(allowed)));
}

absl::Status AdminSocket::Check(const std::filesystem::path& path) {
  if (std::error_code error; std::filesystem::exists(path.parent_path(), error)) {
    LABREC_RETURN_IF_ERROR(CheckFolder(path));
  }
  return OfTheSocket(SocketFile::Check(path));
}

void AdminSocket::Accept(std::function<void(int fd)> take) {
  listener_->Accept([this, take = std::move(take)](int, int fd) { Admit(fd, take); });
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
