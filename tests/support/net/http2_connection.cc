#include "tests/support/net/http2_connection.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

constexpr int kSeconds = 5;
constexpr size_t kHeaderSize = 9;  // RFC 9113, 4.1
// Frame types and flags: RFC 9113, 6.
constexpr uint8_t kData = 0, kHeaders = 1, kSettings = 4, kPing = 6, kGoAway = 7;
constexpr uint8_t kAck = 1, kEndStream = 1, kEndHeaders = 4;

Bytes Frame(uint8_t type, uint8_t flags, uint32_t stream, ByteView payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  Writer writer;
  writer.U8(static_cast<uint8_t>(size >> 16)).U16(static_cast<uint16_t>(size & 0xFFFF));
  Bytes frame = std::move(writer.U8(type).U8(flags).U32(stream)).Take();
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

// A header field "literal without indexing, new name", both strings plain: RFC 7541, 6.2.2 and 5.2.
void AppendField(Bytes& block, const std::string& name, const std::string& value) {
  block.push_back(0);
  for (const std::string& text : {name, value}) {
    block.push_back(static_cast<uint8_t>(text.size()));  // below 127: one byte
    block.insert(block.end(), text.begin(), text.end());
  }
}

absl::StatusOr<int> Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ResourceExhaustedError(absl::StrCat("socket: ", std::strerror(errno)));
  const timeval patience{kSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const std::string why = std::strerror(errno);
  close(fd);
  return absl::UnavailableError("connect: " + why);
}

}  // namespace

TlsContext NewTlsContext() {
  signal(SIGPIPE, SIG_IGN);
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const uint8_t h2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), h2, sizeof h2);
  return context;
}

void Http2Connection::Close::operator()(SSL* tls) const {
  const int fd = SSL_get_fd(tls);
  SSL_free(tls);
  if (fd >= 0) close(fd);
}

absl::StatusOr<Http2Connection> Http2Connection::Open(SSL_CTX* context, int port) {
  LABREC_ASSIGN_OR_RETURN(const int fd, Connect(port));
  Http2Connection connection(SSL_new(context));
  SSL_set_fd(connection.tls_.get(), fd);
  ERR_clear_error();
  if (SSL_connect(connection.tls_.get()) != 1) {
    return absl::UnavailableError("the server closed the connection before the TLS handshake was done");
  }
  Bytes hello = ToBytes(AsBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  const Bytes settings = Frame(kSettings, 0, 0, {});
  hello.insert(hello.end(), settings.begin(), settings.end());
  LABREC_RETURN_IF_ERROR(connection.Send(hello));
  LABREC_RETURN_IF_ERROR(connection.Await(kSettings, 0, 0));
  return connection;
}

absl::Status Http2Connection::Call(const std::string& path) {
  Bytes block;
  AppendField(block, ":method", "POST");
  AppendField(block, ":scheme", "https");
  AppendField(block, ":path", path);
  AppendField(block, ":authority", "localhost");
  AppendField(block, "content-type", "application/grpc");
  AppendField(block, "te", "trailers");
  const uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  Bytes call = Frame(kHeaders, kEndHeaders, stream, block);
  const uint8_t empty_message[5] = {};
  const Bytes data = Frame(kData, kEndStream, stream, empty_message);
  call.insert(call.end(), data.begin(), data.end());
  LABREC_RETURN_IF_ERROR(Send(call));
  return Await(kHeaders, stream, kEndStream);
}

absl::Status Http2Connection::Send(ByteView bytes) {
  ERR_clear_error();
  if (SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0) return absl::OkStatus();
  return absl::UnavailableError("the connection is closed");
}

absl::StatusOr<Bytes> Http2Connection::Read(size_t size) {
  Bytes bytes(size);
  for (size_t done = 0; done < size;) {
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), bytes.data() + done, static_cast<int>(size - done));
    if (got <= 0) return absl::UnavailableError("the connection was closed, or nothing came for 5 seconds");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

absl::Status Http2Connection::Await(uint8_t type, uint32_t stream, uint8_t flag) {
  for (;;) {
    LABREC_ASSIGN_OR_RETURN(const Bytes header, Read(kHeaderSize));
    Reader reader(header);
    const uint32_t size = static_cast<uint32_t>(reader.U8()) << 16 | reader.U16();
    const uint8_t got_type = reader.U8();
    const uint8_t flags = reader.U8();
    const uint32_t got_stream = reader.U32();
    LABREC_ASSIGN_OR_RETURN(const Bytes payload, Read(size));
    if (got_type == kGoAway) return absl::UnavailableError("the server ended the connection (GOAWAY)");
    const bool wants_ack = (got_type == kSettings || got_type == kPing) && (flags & kAck) == 0;
    if (wants_ack) {
      const Bytes ack = Frame(got_type, kAck, 0, got_type == kPing ? ByteView(payload) : ByteView());
      LABREC_RETURN_IF_ERROR(Send(ack));
    }
    if (got_type == type && got_stream == stream && (flags & flag) == flag) return absl::OkStatus();
  }
}

}  // namespace labrec::test
