#include "recovery/server/transport/listener.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kBacklog = 1024;
constexpr int kPauseMillis = 100;  // after an accept that failed for want of descriptors or memory

absl::Status Failed(const std::string& address, const char* why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why,
                                             "; is another process there, or the address not this host's?"));
}

// Whether accept(2) failed for the caller's own reasons. All else stays as it is for a while, and so does the
// connection that waits: asking again at once would be asking for ever.
bool IsOfTheCaller(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ECONNABORTED;
}

struct FreeAddresses {
  void operator()(addrinfo* first) const { freeaddrinfo(first); }
};

int BoundPort(int fd) {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin6_port);  // where sockaddr_in has it too
}

void SetPort(addrinfo& address, int port) {
  const auto number = htons(static_cast<uint16_t>(port));
  reinterpret_cast<sockaddr_in6*>(address.ai_addr)->sin6_port = number;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Listen(const std::string& address) {
  std::unique_ptr<Listener> listener(new Listener(eventfd(0, EFD_CLOEXEC)));
  if (address.starts_with(kUnix)) {
    LABREC_RETURN_IF_ERROR(listener->ListenOnPath(address.substr(kUnix.size())));
    return listener;
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return absl::InvalidArgumentError(address + ": no \"host:port\"");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  LABREC_RETURN_IF_ERROR(listener->ListenOnHost(host, address.substr(colon + 1)));
  return listener;
}

absl::Status Listener::ListenOnHost(const std::string& host, const std::string& port) {
  addrinfo wanted{};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); error != 0) {
    return Failed(host + ":" + port, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> all(found);
  int failure = 0;
  for (addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int fd = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;  // a kernel without IPv6
    const int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (each->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (port_ != 0) SetPort(*each, port_);
    if (bind(fd, each->ai_addr, each->ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
      failure = errno;
      close(fd);
      if (failure == EADDRINUSE) break;
      continue;  // a host without ::1 still has 127.0.0.1
    }
    sockets_.push_back(fd);
    port_ = BoundPort(fd);
  }
  const bool in_use = failure == EADDRINUSE;
  if (sockets_.empty() || in_use) return Failed(host + ":" + port, std::strerror(failure));
  return absl::OkStatus();
}

absl::Status Listener::ListenOnPath(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Failed(path, std::strerror(errno));
  sockets_.push_back(fd);
  LABREC_ASSIGN_OR_RETURN(file_, SocketFile::Listen(fd, path, kBacklog));
  return absl::OkStatus();
}

Listener::~Listener() {
  Close();
  close(stop_);
}

void Listener::Close() {
  const uint64_t one = 1;
  if (thread_.joinable() && write(stop_, &one, sizeof one) == sizeof one) thread_.join();
  file_.Remove();  // while it is alive: nobody has taken its place
  for (const int fd : std::exchange(sockets_, {})) close(fd);
}

void Listener::Accept(std::function<void(int listener, int fd)> take) {
  thread_ = std::thread([this, take = std::move(take)] { Run(take); });
}

void Listener::Run(const std::function<void(int listener, int fd)>& take) {
  std::vector<pollfd> waited{{stop_, POLLIN, 0}};
  for (const int fd : sockets_) waited.push_back({fd, POLLIN, 0});
  for (;;) {
    if (poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) return;
    if (waited[0].revents != 0) return;
    for (size_t i = 1; i < waited.size(); ++i) {
      if (waited[i].revents == 0) continue;
      const int fd = accept4(waited[i].fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0 && !IsOfTheCaller(errno)) poll(waited.data(), 1, kPauseMillis);
      if (fd < 0) continue;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, which needs none
      take(waited[i].fd, fd);
    }
  }
}

}  // namespace labrec::recovery
