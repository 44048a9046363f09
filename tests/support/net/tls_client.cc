#include "tests/support/net/tls_client.h"

#include <utility>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/net/loopback.h"

namespace labrec::test {

TlsClient::TlsClient(int port) : context_(SSL_CTX_new(TLS_client_method())), tls_(SSL_new(context_.get())) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const timeval patience{20, 0};
  const int yes = 1;
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  SSL_set_fd(tls_.get(), fd_);
  connected_ = SSL_connect(tls_.get()) == 1;
}

TlsClient::~TlsClient() {
  close(fd_);
}

bool TlsClient::Send(const std::string& bytes) {
  return connected_ && SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
}

HttpMessage TlsClient::Read() {
  for (;;) {
    if (auto message = TakeMessage(unread_)) return *message;
    if (!ReadMore()) return HttpMessage();
  }
}

std::string TlsClient::ReadToEnd() {
  while (ReadMore()) continue;
  return std::exchange(unread_, std::string());
}

bool TlsClient::Readable(std::chrono::milliseconds within) const {
  pollfd readable{fd_, POLLIN, 0};
  return SSL_pending(tls_.get()) > 0 || poll(&readable, 1, static_cast<int>(within.count())) == 1;
}

bool TlsClient::ReadMore() {
  char part[16384];
  const int got = connected_ ? SSL_read(tls_.get(), part, sizeof part) : 0;
  if (got > 0) unread_.append(part, static_cast<size_t>(got));
  return got > 0;
}

}  // namespace labrec::test
