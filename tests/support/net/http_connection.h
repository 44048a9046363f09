#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace labrec::test {

struct HttpMessage {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
};

// Takes one whole answer, by its Content-Length, from what was read; nullopt while it is not whole.
std::optional<HttpMessage> TakeMessage(std::string& read);

// A client's HTTP/1.1 connection, made by hand: it sends whatever bytes a test likes. Blocking, at most
// twenty seconds each call. Threads: one at a time, but Abort.
class HttpConnection {
 public:
  // "unix:PATH" or a port of 127.0.0.1. UNAVAILABLE if nobody listens.
  static absl::StatusOr<HttpConnection> Open(const std::string& unix_address);
  static absl::StatusOr<HttpConnection> Open(int port);
  HttpConnection(HttpConnection&& other) noexcept : fd_(other.fd_), unread_(std::move(other.unread_)) {
    other.fd_ = -1;
  }
  HttpConnection& operator=(HttpConnection&& other) = delete;
  ~HttpConnection();

  // False once the server has closed the connection.
  bool Send(std::string_view bytes);
  // One answer, by its Content-Length. nullopt: the server closed first, or answered otherwise.
  std::optional<HttpMessage> Read();
  // All that comes until the server closes; nullopt if it does not.
  std::optional<std::string> ReadToEnd();
  // Waits until something is there to read, or the server has closed.
  bool Readable(std::chrono::milliseconds within) const;
  // Goes away. From any thread; whoever reads meanwhile sees the end.
  void Abort();

 private:
  explicit HttpConnection(int fd) : fd_(fd) {}
  bool ReadMore();

  int fd_;
  std::string unread_;
};

// "POST target" with these lines of fields ("name: value\r\n" each), a Host and the body's length.
std::string PostRequest(const std::string& target, const std::string& fields, const std::string& body);

}  // namespace labrec::test
