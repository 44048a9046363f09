#include "tests/support/net/http_connection.h"

#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "tests/support/net/loopback.h"

namespace labrec::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

}  // namespace

absl::StatusOr<HttpConnection> HttpConnection::Open(const std::string& unix_address) {
  const std::string path = unix_address.substr(std::strlen("unix:"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return absl::InvalidArgumentError(path + " is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  HttpConnection opened(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(opened.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return absl::UnavailableError(absl::StrCat("nobody listens on ", path));
  }
  return opened;
}

absl::StatusOr<HttpConnection> HttpConnection::Open(int port) {
  const sockaddr_in address = Loopback(port);
  HttpConnection opened(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(opened.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return absl::UnavailableError(absl::StrCat("nobody listens on port ", port));
  }
  return opened;
}

HttpConnection::~HttpConnection() {
  if (fd_ >= 0) close(fd_);
}

bool HttpConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool HttpConnection::Readable(std::chrono::milliseconds within) const {
  pollfd readable{fd_, POLLIN, 0};
  return poll(&readable, 1, static_cast<int>(within.count())) == 1;
}

bool HttpConnection::ReadMore() {
  if (!Readable(kPatience)) return false;
  char part[16384];
  const ssize_t got = recv(fd_, part, sizeof part, 0);
  if (got > 0) unread_.append(part, static_cast<size_t>(got));
  return got > 0;
}

std::optional<HttpMessage> TakeMessage(std::string& read) {
  constexpr std::string_view kVersion = "HTTP/1.1 ", kEnd = "\r\n\r\n";
  const size_t end = read.find(kEnd);
  if (end == std::string::npos || !read.starts_with(kVersion)) return std::nullopt;
  HttpMessage message;
  const std::string head = read.substr(0, end + 2);
  message.status = std::atoi(head.c_str() + kVersion.size());
  for (size_t at = head.find("\r\n") + 2; at < head.size();) {
    const size_t stop = head.find("\r\n", at);
    const size_t colon = head.find(':', at);
    if (colon < stop) {
      message.fields[absl::AsciiStrToLower(head.substr(at, colon - at))] =
          std::string(absl::StripAsciiWhitespace(head.substr(colon + 1, stop - colon - 1)));
    }
    at = stop + 2;
  }
  const auto length = message.fields.find("content-length");
  const size_t size = length == message.fields.end() ? 0 : std::stoul(length->second);
  if (read.size() < end + kEnd.size() + size) return std::nullopt;
  message.body = read.substr(end + kEnd.size(), size);
  read.erase(0, end + kEnd.size() + size);
  return message;
}

std::optional<HttpMessage> HttpConnection::Read() {
  for (;;) {
    if (auto message = TakeMessage(unread_)) return message;
    if (!ReadMore()) return std::nullopt;
  }
}

std::optional<std::string> HttpConnection::ReadToEnd() {
  while (ReadMore()) continue;
  char one = 0;
  if (!Readable(std::chrono::milliseconds(0)) || recv(fd_, &one, 1, MSG_DONTWAIT | MSG_PEEK) > 0)
    return std::nullopt;
  return std::exchange(unread_, std::string());
}

void HttpConnection::Abort() {
  shutdown(fd_, SHUT_RDWR);
}

std::string PostRequest(const std::string& target, const std::string& fields, const std::string& body) {
  return absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: localhost\r\n", fields,
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

}  // namespace labrec::test
