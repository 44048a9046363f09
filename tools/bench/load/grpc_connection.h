#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labrec::bench {

// One HTTP/2 connection over TLS 1.3 to a port of 127.0.0.1, for unary gRPC calls (gRPC over HTTP/2,
// "Requests" and "Responses"). A load's generator shares the machine with the daemon that it measures, so it
// has to cost little: one thread for all connections, no locks, one write for all calls that start together.
// One thread.
class GrpcConnection {
 public:
  // The message of the response, or the call's status.
  using Done = std::function<void(absl::StatusOr<std::string>)>;

  // Connects and shakes hands; any certificate is taken.
  static absl::StatusOr<std::unique_ptr<GrpcConnection>> Open(SSL_CTX* context, int port);
  ~GrpcConnection() = default;
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  // Begins a call of "/PACKAGE.SERVICE/METHOD"; it leaves with the next Flush. `authorization` is the
  // header's value. `done` is called from Receive; it may call Call.
  void Call(const std::string& path, const std::string& authorization, const std::string& message, Done done);

  // Writes what waits, as far as the socket takes it. Any error is final.
  absl::Status Flush();
  // Reads what is there, and tells the calls that ended.
  absl::Status Receive();

  int fd() const { return SSL_get_fd(tls_.get()); }
  bool has_more_to_write() const { return written_ < waiting_.size(); }

 private:
  struct Stream {
    std::string request;  // the length-prefixed message
    size_t sent = 0;
    std::string response;
    std::string status;   // grpc-status
    std::string message;  // grpc-message
    Done done;
  };
  struct FreeTls {
    void operator()(SSL* tls) const;
  };
  struct FreeSession {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  explicit GrpcConnection(SSL* tls) : tls_(tls) {}
  absl::Status StartSession();
  void Ended(int32_t id);

  Stream* Find(int32_t id);

  // nghttp2's callbacks; `self` is the connection.
  static ssize_t ReadRequest(nghttp2_session*, int32_t id, uint8_t* to, size_t size, uint32_t* flags,
                             nghttp2_data_source*, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* self);
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self);
  static int OnClose(nghttp2_session*, int32_t id, uint32_t, void* self);

  std::unique_ptr<SSL, FreeTls> tls_;
  std::map<int32_t, std::unique_ptr<Stream>> streams_;  // by number
  std::unique_ptr<nghttp2_session, FreeSession> session_;
  std::string waiting_;  // serialized frames
  size_t written_ = 0;   // of them
};

}  // namespace labrec::bench
