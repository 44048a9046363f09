#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "recovery/server/transport/connection_table.h"
#include "recovery/server/transport/http/exchange.h"
#include "recovery/server/transport/http/request_reader.h"
#include "recovery/server/transport/listener.h"

namespace labrec::recovery {

// What one client can make an HTTP server hold. Times are for the whole of what they bound, however slowly
// bytes trickle.
struct HttpLimits {
  RequestReader::Limits request;
  size_t connections = 1024;         // at a time; one more is closed at once
  size_t bodies_bytes = 256U << 20;  // of all requests that are being read or answered
  std::chrono::milliseconds idle{300'000};
  std::chrono::milliseconds head{10'000};   // from its first byte
  std::chrono::milliseconds body{10'000};   // from the head's end
  std::chrono::milliseconds write{10'000};  // an answer
};

// Takes each request, on one of the server's threads. It must not wait.
using HttpHandler = std::function<void(std::unique_ptr<HttpExchange>)>;
// What a client is told that is refused before there was a request: `status` is HTTP's.
using HttpRefusal = std::function<HttpAnswer(int status, const std::string& why)>;

// HTTP/1.1 (RFC 9112) on one listener: requests are read by RequestReader and answered in their order. A
// connection is closed after a refusal, when a time of HttpLimits is over, and when its client closes its
// side, which counts as going away. It speaks no TLS: it is for Unix sockets and loopback addresses, behind a
// proxy (the configuration sees to it).
class HttpServer {
 public:
  static std::unique_ptr<HttpServer> Serve(std::unique_ptr<Listener> listener, HttpLimits limits,
                                           size_t threads, HttpHandler handler, HttpRefusal refusal);
  virtual ~HttpServer() = default;

  // Takes nothing new, closes every connection (requests under way are gone) and waits until each exchange is
  // answered or dropped. The destructor does it too.
  virtual void Stop() = 0;
  virtual ConnectionFigures connections() const = 0;
  // The port that was bound; 0 for a Unix socket.
  virtual int port() const = 0;
};

}  // namespace labrec::recovery
