#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "absl/status/statusor.h"

#include "recovery/server/transport/connection_table.h"
#include "recovery/server/transport/listener.h"
#include "recovery/server/transport/tls.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
namespace experimental {
class ExternalConnectionAcceptor;
}  // namespace experimental
}  // namespace grpc

namespace labrec::recovery {

class UnknownMethods;

// Where clients reach the realm.
struct ListenOptions {
  std::string address;          // "host:port", "[::1]:port" or "unix:/absolute/path"
  std::optional<TlsFiles> tls;  // without: for Unix sockets and loopback only (the configuration sees to it)
  mode_t socket_mode = 0600;    // of a Unix socket
  std::string socket_group;     // group of a Unix socket, e.g. nginx's; empty: the daemon's own
};

// What one client can make the server hold or do.
struct ServerLimits {
  int max_message_bytes = 64 << 10;
  int max_metadata_bytes = 8 << 10;  // gRPC 1.51 spends quadratic time on one huge header
  int max_streams = 128;             // at a time, per connection
  size_t max_memory_bytes = 256U << 20;
  size_t max_connections = 0;  // at a time; more are closed at once. 0: as many as there are file descriptors
};

// A gRPC server with one service and the standard health service (grpc.health.v1).
class RpcServer {
 public:
  // Listens and serves. UNAVAILABLE, with the address, if it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Listen(const ListenOptions& options,
                                                           const ServerLimits& limits,
                                                           grpc::Service& service);
  // Listen in two steps, for who has more to do before it serves. Bind listens on the address, so that nobody
  // else can, and looks at certificate and key; it starts no thread, and who connects waits. Serve takes up
  // to limits.max_connections, which is not 0. Errors as Listen.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(const ListenOptions& options);
  static absl::StatusOr<std::unique_ptr<RpcServer>> Serve(std::unique_ptr<Listener> listener,
                                                          const ListenOptions& options,
                                                          const ServerLimits& limits, grpc::Service& service);
  // Serves only connections that are given to it with Take.
  static absl::StatusOr<std::unique_ptr<RpcServer>> WithoutListener(const ServerLimits& limits,
                                                                    grpc::Service& service);
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // Serves a connected socket, which is now the server's.
  void Take(int fd);
  // What the health service answers.
  void SetHealthy(bool healthy);
  // Refuses new calls, and gives those under way `grace` to end; idle connections use it up. For a service
  // that has a Traffic, waiting for its calls and then Stop is quicker.
  void Drain(std::chrono::milliseconds grace);
  // Ends now: refuses new calls, cancels those under way (Traffic tells whether there are any), closes every
  // connection. The destructor does it too.
  void Stop();
  // All zeros where connections are not bounded.
  ConnectionFigures connections() const;
  // The port that was bound; 0 for a Unix socket.
  int port() const { return port_; }

 private:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  RpcServer(std::unique_ptr<UnknownMethods> unknown, std::unique_ptr<grpc::Server> server, int port);
  void Admit(int listener, int fd);

  std::unique_ptr<UnknownMethods> unknown_;  // each server's own
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::unique_ptr<ConnectionTable> connections_;  // where connections are bounded
  // Of a Unix socket, and where connections are bounded; else gRPC listens itself.
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<Listener> listener_;
  std::atomic<uint64_t> refused_ = 0;
};

}  // namespace labrec::recovery
