#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::test {

// A client's TLS context: TLS 1.3, ALPN "h2". It takes any certificate: what it serves is load, not trust.
// The process ignores SIGPIPE from then on, as OpenSSL writes to connections that the server closed.
struct FreeTlsContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;
TlsContext NewTlsContext();

// One HTTP/2 connection (RFC 9113) over TLS to a port of 127.0.0.1, made by hand: some 15 KiB each, so that a
// test can hold ten thousand of them, which gRPC's client cannot. Blocking, at most five seconds each call.
class Http2Connection {
 public:
  // Connects, shakes hands, sends preface and SETTINGS and reads the server's SETTINGS. UNAVAILABLE where the
  // server closes instead.
  static absl::StatusOr<Http2Connection> Open(SSL_CTX* context, int port);
  Http2Connection(Http2Connection&& other) noexcept = default;
  Http2Connection& operator=(Http2Connection&& other) noexcept = default;

  // One gRPC call without a message's content and without a token: "/PACKAGE.SERVICE/METHOD". OK once the
  // whole answer is read, whatever it says.
  absl::Status Call(const std::string& path);

 private:
  struct Close {
    void operator()(SSL* tls) const;
  };
  explicit Http2Connection(SSL* tls) : tls_(tls) {}
  absl::Status Send(ByteView bytes);
  // Reads frames until one of this type, on this stream and with this flag; acknowledges SETTINGS and PING.
  absl::Status Await(uint8_t type, uint32_t stream, uint8_t flag);
  absl::StatusOr<Bytes> Read(size_t size);

  std::unique_ptr<SSL, Close> tls_;
  uint32_t next_stream_ = 1;
};

}  // namespace labrec::test
