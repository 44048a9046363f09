#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "absl/status/statusor.h"

#include "recovery/server/transport/listener.h"

namespace labrec::recovery {

// Whether somebody may change anything, or only look.
enum class Role { kReader, kOperator };

// Who may come in. Who is in both is an operator.
struct AdminUsers {
  std::vector<uid_t> operators;
  std::vector<uid_t> readers = {};
};

// Who is at the other end of a Unix socket, as the kernel says (SO_PEERCRED, at connect time).
struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;
  Role role = Role::kOperator;
  std::optional<uid_t> login =
      {};  // who logged in, where the host keeps that (/proc/PID/loginuid): sudo leaves it

  uid_t person() const { return login.value_or(uid); }
};

// "operator uid 0, logged in as uid 1000, pid 4711", as the audit log names it. PERMISSION_DENIED: the call
// did not come through the admin socket.
absl::StatusOr<std::string> PersonAt(const std::optional<Peer>& peer);
// The same of who wants to change something. PERMISSION_DENIED: a reader.
absl::StatusOr<std::string> OperatorAt(const std::optional<Peer>& peer);

// A Unix socket that lets in the users it is told, by the credentials the kernel vouches for. Its mode is
// 0600, or 0666 where others than root and the daemon's user are among them; its folder is made with mode
// 0700 if there is none. File modes alone would do on most days; this holds where a mode was loosened too.
class AdminSocket {
 public:
  // Listens. The folder is made if missing; FAILED_PRECONDITION if others may write to it, or something lies
  // at the path that no dead daemon left there (SocketFile). Nobody is let in before Accept.
  static absl::StatusOr<std::unique_ptr<AdminSocket>> Listen(std::filesystem::path path, AdminUsers users);
  // What Listen would refuse at this path, as far as it can be seen without taking it: OK also while a daemon
  // listens there.
  static absl::Status Check(const std::filesystem::path& path);
  ~AdminSocket() { Close(); }
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

  // Starts a thread that gives each permitted connection (non-blocking, now `take`'s to close) to `take` and
  // closes the others, with a line in the log. Once.
  void Accept(std::function<void(int fd)> take);

  // Stops accepting and removes the socket file; what `take` refers to may go now. Connections handed over
  // live on, and PeerOf still knows them. The destructor does it too.
  void Close() { listener_->Close(); }

  // Whose connection gRPC calls `name` ("fd:7"); nullopt for none of ours. A number is one user's for good,
  // so that no call that is answered late is taken for another user's; the pid is of his latest connection
  // with it.
  std::optional<Peer> PeerOf(const std::string& name) const;

 private:
  AdminSocket(std::unique_ptr<Listener> listener, AdminUsers users)
      : listener_(std::move(listener)), users_(std::move(users)) {}
  void Admit(int fd, const std::function<void(int fd)>& take);
  std::optional<Role> RoleOf(uid_t uid) const;
  // The descriptor under a number that is the peer's, or nobody's yet. Negative: there is none left.
  int Keep(int fd, const Peer& peer);

  const std::unique_ptr<Listener> listener_;
  const AdminUsers users_;
  mutable std::mutex mutex_;
  std::map<int, Peer> peers_;
};

}  // namespace labrec::recovery
