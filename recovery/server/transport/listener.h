#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/server/transport/socket_file.h"

namespace labrec::recovery {

// Listens on "host:port" (every address of the host), "[v6]:port" or "unix:/absolute/path", and hands over
// what connects.
class Listener {
 public:
  // UNAVAILABLE, with the address and the reason; for a Unix socket as SocketFile::Listen, which replaces
  // what a dead process of this user left there and nothing else.
  static absl::StatusOr<std::unique_ptr<Listener>> Listen(const std::string& address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Starts a thread that gives each connection (now `take`'s to close) to `take`. Once.
  void Accept(std::function<void(int listener, int fd)> take);
  // Takes no more; `take` is not called any more when it returns. The destructor does it too.
  void Close();
  // The port that was bound; 0 for a Unix socket.
  int port() const { return port_; }
  // Who may connect; of a Unix socket only.
  absl::Status Allow(const SocketAccess& access) const { return file_.Allow(access); }

 private:
  explicit Listener(int stop) : stop_(stop) {}
  absl::Status ListenOnHost(const std::string& host, const std::string& port);
  absl::Status ListenOnPath(const std::string& path);
  void Run(const std::function<void(int listener, int fd)>& take);

  const int stop_;  // an eventfd: readable when the thread has to end
  std::vector<int> sockets_;
  SocketFile file_;  // of a Unix socket
  int port_ = 0;
  std::thread thread_;
};

}  // namespace labrec::recovery
