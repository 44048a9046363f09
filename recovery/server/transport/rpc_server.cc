#include "recovery/server/transport/rpc_server.h"

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <grp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/server/transport/unknown_methods.h"

namespace labrec::recovery {
namespace {

constexpr char kRecoveryName[] = "labyrinth.recovery.v1.Recovery";
constexpr std::string_view kUnixScheme = "unix:";

// Pings may come every 20 seconds; two that come faster end the connection.
constexpr int kPingEveryMillis = 20'000;
constexpr int kPingStrikes = 2;
// A dead peer is noticed, and an idle connection closed.
constexpr int kKeepaliveMillis = 60'000;
constexpr int kKeepaliveTimeoutMillis = 20'000;
constexpr int kIdleMillis = 300'000;

void Configure(grpc::ServerBuilder& builder, const ServerLimits& limits, UnknownMethods& unknown) {
  grpc::EnableDefaultHealthCheckService(true);  // for the whole process; saying it twice does no harm
  builder.SetMaxReceiveMessageSize(limits.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits.max_metadata_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.max_streams);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingEveryMillis);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMillis);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two daemons never share a port
  // Small messages gain nothing from compression, and what is not unpacked cannot be a bomb.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetResourceQuota(grpc::ResourceQuota("clients").Resize(limits.max_memory_bytes));
  builder.RegisterCallbackGenericService(&unknown);
}

absl::StatusOr<SocketAccess> AccessOf(const ListenOptions& options) {
  SocketAccess access{options.socket_mode};
  if (options.socket_group.empty()) return access;
  const group* const found = getgrnam(options.socket_group.c_str());
  if (found == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("no group \"", options.socket_group, "\""));
  }
  access.group = found->gr_gid;
  return access;
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsFor(const ListenOptions& options) {
  if (options.tls) return Tls13Credentials(*options.tls);
  return grpc::InsecureServerCredentials();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Listen(const ListenOptions& options,
                                                             const ServerLimits& limits,
                                                             grpc::Service& service) {
  // gRPC removes whatever socket lies at a Unix socket's path, a live process's too.
  const bool is_unix = options.address.starts_with(kUnixScheme);
  if (is_unix || limits.max_connections > 0) {
    LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, Bind(options));
    return Serve(std::move(listener), options, limits, service);
  }
  LABREC_ASSIGN_OR_RETURN(auto credentials, CredentialsFor(options));
  grpc::ServerBuilder builder;
  auto unknown = std::make_unique<UnknownMethods>();
  Configure(builder, limits, *unknown);
  int port = 0;
  builder.AddListeningPort(options.address, std::move(credentials), &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", options.address, ": is another process there, or the address not this host's?"));
  }
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(unknown), std::move(server), port));
}

absl::StatusOr<std::unique_ptr<Listener>> RpcServer::Bind(const ListenOptions& options) {
  if (options.tls) LABREC_RETURN_IF_ERROR(CheckTlsFiles(*options.tls));
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, Listener::Listen(options.address));
  if (options.address.starts_with(kUnixScheme)) {
    LABREC_ASSIGN_OR_RETURN(const SocketAccess access, AccessOf(options));
    LABREC_RETURN_IF_ERROR(listener->Allow(access));
  }
  return listener;
}

// gRPC 1.51 takes every connection it can get a descriptor for. So this process accepts, and hands over.
absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Serve(std::unique_ptr<Listener> listener,
                                                            const ListenOptions& options,
                                                            const ServerLimits& limits,
                                                            grpc::Service& service) {
  LABREC_ASSIGN_OR_RETURN(auto credentials, CredentialsFor(options));
  grpc::ServerBuilder builder;
  auto unknown = std::make_unique<UnknownMethods>();
  Configure(builder, limits, *unknown);
  std::unique_ptr<Acceptor> acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, std::move(credentials));
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return absl::InternalError(absl::StrCat("gRPC does not start a server for ", options.address));
  }
  std::unique_ptr<RpcServer> wrapped(new RpcServer(std::move(unknown), std::move(server), listener->port()));
  if (limits.max_connections > 0) {
    wrapped->connections_ = std::make_unique<ConnectionTable>(limits.max_connections);
  }
  wrapped->acceptor_ = std::move(acceptor);
  wrapped->listener_ = std::move(listener);
  wrapped->listener_->Accept([server = wrapped.get()](int from, int fd) { server->Admit(from, fd); });
  return wrapped;
}

void RpcServer::Admit(int listener, int fd) {
  if (connections_ != nullptr && !connections_->Admit(fd)) {
    const uint64_t refused = ++refused_;
    if (std::has_single_bit(refused)) {  // the 1st, 2nd, 4th, 8th ...: a flood does not fill the log
      spdlog::warn("{} connections are open: refused one more, {} since the start ([limits] connections)",
                   connections_->limit(), refused);
    }
    close(fd);  // after the count: who sees itself turned away finds it counted
    return;
  }
  Acceptor::NewConnectionParameters connection;
  connection.listener_fd = listener;
  connection.fd = fd;
  acceptor_->HandleNewConnection(&connection);
}

ConnectionFigures RpcServer::connections() const {
  if (connections_ == nullptr) return {};
  return {connections_->CountOpen(), connections_->limit(), refused_};
}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::WithoutListener(const ServerLimits& limits,
                                                                      grpc::Service& service) {
  grpc::ServerBuilder builder;
  auto unknown = std::make_unique<UnknownMethods>();
  Configure(builder, limits, *unknown);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("gRPC does not start a server without a listener");
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(unknown), std::move(server), 0));
}

RpcServer::RpcServer(std::unique_ptr<UnknownMethods> unknown, std::unique_ptr<grpc::Server> server, int port)
    : unknown_(std::move(unknown)), server_(std::move(server)), port_(port) {}

RpcServer::~RpcServer() {
  Stop();
}

void RpcServer::Take(int fd) {
  grpc::AddInsecureChannelFromFd(server_.get(), fd);
}

void RpcServer::SetHealthy(bool healthy) {
  grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
  if (health == nullptr) return;
  health->SetServingStatus(healthy);
  health->SetServingStatus(kRecoveryName, healthy);
}

void RpcServer::Stop() {
  Drain(std::chrono::milliseconds(0));
}

void RpcServer::Drain(std::chrono::milliseconds grace) {
  if (server_ == nullptr) return;
  SetHealthy(false);
  if (listener_ != nullptr) listener_->Close();
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
  server_.reset();
}

}  // namespace labrec::recovery
