#include "tools/bench/load/grpc_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::bench {
namespace {

constexpr size_t kPrefix = 5;  // not compressed, and the message's length
constexpr char kPatience[] = "60S";

absl::StatusOr<int> Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, "socket");
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const absl::Status status = absl::ErrnoToStatus(errno, absl::StrCat("connecting to port ", port));
  close(fd);
  return status;
}

nghttp2_nv Field(std::string_view name, std::string_view value,
                 uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), flags};
}

std::string LengthPrefixed(const std::string& message) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string out(kPrefix, '\0');
  for (int i = 0; i < 4; ++i) out[static_cast<size_t>(1 + i)] = static_cast<char>(size >> (24 - 8 * i));
  return out + message;
}

absl::Status Broken(const char* what) {
  ERR_clear_error();
  return absl::UnavailableError(absl::StrCat("the connection to the daemon broke: ", what));
}

}  // namespace

void GrpcConnection::FreeTls::operator()(SSL* tls) const {
  const int fd = SSL_get_fd(tls);
  SSL_free(tls);
  if (fd >= 0) close(fd);
}

absl::StatusOr<std::unique_ptr<GrpcConnection>> GrpcConnection::Open(SSL_CTX* context, int port) {
  LABREC_ASSIGN_OR_RETURN(const int fd, Connect(port));
  SSL* const tls = SSL_new(context);
  std::unique_ptr<GrpcConnection> connection(new GrpcConnection(tls));
  if (SSL_set_fd(tls, fd) != 1) return Broken("no descriptor");
  if (SSL_connect(tls) != 1) return Broken("no TLS handshake");
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  LABREC_RETURN_IF_ERROR(connection->StartSession());
  return connection;
}

absl::Status GrpcConnection::StartSession() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session* session = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return absl::ResourceExhaustedError("nghttp2");
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
  const int made = nghttp2_session_client_new(&session, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) return absl::ResourceExhaustedError("nghttp2");
  session_.reset(session);
  if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0) != 0) return Broken("no SETTINGS");
  return Flush();
}

void GrpcConnection::Call(const std::string& path, const std::string& authorization,
                          const std::string& message, Done done) {
  auto stream = std::make_unique<Stream>();
  stream->request = LengthPrefixed(message);
  stream->done = std::move(done);
  const std::array fields = {
      Field(":method", "POST"),
      Field(":scheme", "https"),
      Field(":path", path),
      Field(":authority", "localhost"),
      Field("te", "trailers"),
      Field("content-type", "application/grpc"),
      Field("grpc-timeout", kPatience),
      Field("authorization", authorization,
            NGHTTP2_NV_FLAG_NO_INDEX | NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)};
  nghttp2_data_provider body{};
  body.read_callback = ReadRequest;
  const int32_t id =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &body, nullptr);
  if (id < 0) return stream->done(Broken(nghttp2_strerror(id)));
  streams_.emplace(id, std::move(stream));
}

GrpcConnection::Stream* GrpcConnection::Find(int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

ssize_t GrpcConnection::ReadRequest(nghttp2_session*, int32_t id, uint8_t* to, size_t size, uint32_t* flags,
                                    nghttp2_data_source*, void* self) {
  Stream* const stream = static_cast<GrpcConnection*>(self)->Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_CALLBACK_FAILURE;
  const size_t part = std::min(size, stream->request.size() - stream->sent);
  std::memcpy(to, stream->request.data() + stream->sent, part);
  stream->sent += part;
  if (stream->sent == stream->request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

int GrpcConnection::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                             size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void* self) {
  Stream* const stream = static_cast<GrpcConnection*>(self)->Find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const std::string_view field(reinterpret_cast<const char*>(name), name_size);
  const std::string_view content(reinterpret_cast<const char*>(value), value_size);
  if (field == "grpc-status") stream->status = content;
  if (field == "grpc-message") stream->message = content;
  return 0;
}

int GrpcConnection::OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                           void* self) {
  Stream* const stream = static_cast<GrpcConnection*>(self)->Find(id);
  if (stream != nullptr) stream->response.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

int GrpcConnection::OnClose(nghttp2_session*, int32_t id, uint32_t, void* self) {
  static_cast<GrpcConnection*>(self)->Ended(id);
  return 0;
}

void GrpcConnection::Ended(int32_t id) {
  const auto found = streams_.extract(id);
  if (found.empty()) return;
  const std::unique_ptr<Stream>& stream = found.mapped();
  if (stream->status != "0") {
    return stream->done(absl::InternalError(
        stream->status.empty() ? "the daemon ended the call without a status"
                               : absl::StrCat(stream->message, " (gRPC status ", stream->status, ")")));
  }
  if (stream->response.size() < kPrefix)
    return stream->done(absl::InternalError("a response without a message"));
  stream->done(stream->response.substr(kPrefix));
}

absl::Status GrpcConnection::Flush() {
  while (true) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0) return Broken(nghttp2_strerror(static_cast<int>(size)));
    if (size == 0) break;
    waiting_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  }
  while (written_ < waiting_.size()) {
    size_t written = 0;
    if (SSL_write_ex(tls_.get(), waiting_.data() + written_, waiting_.size() - written_, &written) != 1) {
      if (SSL_get_error(tls_.get(), 0) == SSL_ERROR_WANT_WRITE) return absl::OkStatus();
      return Broken("TLS write");
    }
    written_ += written;
  }
  waiting_.clear();
  written_ = 0;
  return absl::OkStatus();
}

absl::Status GrpcConnection::Receive() {
  std::array<uint8_t, 16384> buffer;  // a TLS record's content
  size_t size = 0;
  while (SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &size) == 1) {
    const ssize_t taken = nghttp2_session_mem_recv(session_.get(), buffer.data(), size);
    if (taken < 0) return Broken(nghttp2_strerror(static_cast<int>(taken)));
  }
  if (SSL_get_error(tls_.get(), 0) == SSL_ERROR_WANT_READ) return absl::OkStatus();
  return Broken("TLS read");
}

}  // namespace labrec::bench
