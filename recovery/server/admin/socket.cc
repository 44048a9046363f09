#include "recovery/server/admin/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
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
SocketAccess AccessFor(const AdminUsers& users) {
  const auto is_us = [](uid_t uid) { return uid == 0 || uid == geteuid(); };
  const bool only_us =
      std::ranges::all_of(users.operators, is_us) && std::ranges::all_of(users.readers, is_us);
  return {only_us ? mode_t{0600} : mode_t{0666}};
}

// proc(5): 4294967295 where nobody logged in.
std::optional<uid_t> LoginOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/loginuid"));
  uid_t login = 0;
  return file >> login && login != static_cast<uid_t>(-1) ? std::optional(login) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::string> PersonAt(const std::optional<Peer>& peer) {
  if (!peer) return absl::PermissionDeniedError("the operator's calls are taken on the admin socket only");
  const bool other = peer->login && *peer->login != peer->uid;
  return absl::StrCat(peer->role == Role::kReader ? "reader" : "operator", " uid ", peer->uid,
                      other ? absl::StrCat(", logged in as uid ", *peer->login, ",") : "", " pid ",
                      peer->pid);
}

absl::StatusOr<std::string> OperatorAt(const std::optional<Peer>& peer) {
  LABREC_ASSIGN_OR_RETURN(std::string person, PersonAt(peer));
  if (peer->role == Role::kOperator) return person;
  return absl::PermissionDeniedError(absl::StrCat(
      "nothing was done: uid ", peer->uid, " may only look ([admin] readers), and this changes something"));
}

absl::StatusOr<std::unique_ptr<AdminSocket>> AdminSocket::Listen(std::filesystem::path path,
                                                                 AdminUsers users) {
  LABREC_RETURN_IF_ERROR(PrepareFolder(path));
  auto listener = Listener::Listen(absl::StrCat("unix:", path.string()));
  if (!listener.ok()) return OfTheSocket(listener.status());
  LABREC_RETURN_IF_ERROR(OfTheSocket((*listener)->Allow(AccessFor(users))));
  return std::unique_ptr<AdminSocket>(new AdminSocket(*std::move(listener), std::move(users)));
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
  const std::optional<Role> role = known ? RoleOf(credentials.uid) : std::nullopt;
  if (!role) {
    spdlog::warn("admin socket: refused uid {} pid {}", credentials.uid, credentials.pid);
    close(fd);
    return;
  }
  const int kept = Keep(fd, {credentials.uid, credentials.pid, *role, LoginOf(credentials.pid)});
  if (kept >= 0) return take(kept);
  spdlog::warn("admin socket: no descriptor left for uid {} pid {}", credentials.uid, credentials.pid);
}

int AdminSocket::Keep(int fd, const Peer& peer) {
  const std::lock_guard lock(mutex_);
  for (auto owner = peers_.find(fd); fd >= 0 && owner != peers_.end() && owner->second.uid != peer.uid;
       owner = peers_.find(fd)) {
    const int other = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
    close(fd);
    fd = other;
  }
  if (fd >= 0) peers_[fd] = peer;
  return fd;
}

std::optional<Role> AdminSocket::RoleOf(uid_t uid) const {
  if (std::ranges::count(users_.operators, uid) > 0) return Role::kOperator;
  if (std::ranges::count(users_.readers, uid) > 0) return Role::kReader;
  return std::nullopt;
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
