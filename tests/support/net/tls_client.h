#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "tests/support/net/http_connection.h"

namespace labrec::test {

// HTTP/1.1 over TLS to a port of 127.0.0.1, as a browser would, or as it likes; any certificate is taken.
// Blocking, at most twenty seconds each call. What writes to a connection that the peer closed needs SIGPIPE
// ignored. Threads: one.
class TlsClient {
 public:
  explicit TlsClient(int port);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool Send(const std::string& bytes);
  // One answer, by its Content-Length; status 0 if the server closed first.
  HttpMessage Read();
  std::string ReadToEnd();
  bool Readable(std::chrono::milliseconds within) const;

 private:
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  bool ReadMore();

  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeTls> tls_;
  int fd_ = -1;
  bool connected_ = false;
  std::string unread_;
};

}  // namespace labrec::test
