#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/client/grpc_channels.h"
#include "tests/integration/engine/realm.h"
#include "tests/support/net/test_certificate.h"
#include "tests/support/realm/core_call.h"

namespace labrec::recovery::client {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// Picks HTTP/2, without which gRPC gives up before the handshake is over.
int SelectHttp2(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char*, unsigned,
                void*) {
  static constexpr unsigned char kHttp2[] = {'h', '2'};
  *out = kHttp2;
  *out_size = sizeof(kHttp2);
  return SSL_TLSEXT_ERR_OK;
}

// A TLS server that speaks up to one version, and says whether a client completed a handshake with it.
class TlsServer {
 public:
  TlsServer(int version, const test::TestCertificate& certificate)
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_use_certificate_file(context_.get(), certificate.certificate_file().c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_.get(), certificate.key_file().c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_alpn_select_cb(context_.get(), SelectHttp2, nullptr);
    signal(SIGPIPE, SIG_IGN);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 4), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~TlsServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string address() const { return "localhost:" + std::to_string(port_); }
  int handshakes() const { return handshakes_; }
  int refusals() const { return refusals_; }

 private:
  void Serve() {
    for (;;) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      const std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), connection);
      ++(SSL_accept(ssl.get()) == 1 ? handshakes_ : refusals_);
      ERR_clear_error();
      close(connection);
    }
  }

  std::unique_ptr<SSL_CTX, FreeContext> context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> handshakes_ = 0;
  std::atomic<int> refusals_ = 0;
  std::thread thread_;
};

constexpr int kAttempts = 4;

absl::Status CallAt(const std::string& at, const std::string& ca_pem, int attempts, const std::string& name) {
  RealmAddress address;
  address.id = Bytes(16, 1);
  address.name = "r";
  address.address = at;
  address.ca_pem = ca_pem;
  address.server_name = name;
  ClientOptions once;
  once.channel = {std::chrono::seconds(5), attempts};
  RealmSet realms("chat", "alice", once);
  const absl::Status added = realms.Add(address, TokenFetch());  // GetRealm needs no token
  if (!added.ok()) return added;
  return test::CallRealm(realms, 0, wire::GetRealmRequest()).status();
}

absl::Status Call(const TlsServer& server, const std::string& ca_pem, int attempts = 1,
                  const std::string& name = "") {
  return CallAt(server.address(), ca_pem, attempts, name);
}

TEST(ClientTls, SpeaksOnly13) {
  const test::TestCertificate certificate;
  const TlsServer old_server(TLS1_2_VERSION, certificate);
  EXPECT_FALSE(Call(old_server, certificate.certificate_pem()).ok());
  EXPECT_TRUE(Eventually([&] { return old_server.refusals() > 0; }));
  EXPECT_EQ(old_server.handshakes(), 0);

  const TlsServer new_server(TLS1_3_VERSION, certificate);
  EXPECT_FALSE(Call(new_server, certificate.certificate_pem()).ok()) << "it closes the connection";
  EXPECT_TRUE(Eventually([&] { return new_server.handshakes() > 0; }));
}

TEST(ClientTls, TrustsOnlyTheGivenCertificates) {
  const test::TestCertificate certificate;
  const test::TestCertificate other;
  const TlsServer server(TLS1_3_VERSION, certificate);
  const absl::Status refused = Call(server, other.certificate_pem(), kAttempts);
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_NE(refused.message().find("certificate"), absl::string_view::npos) << refused;
  EXPECT_TRUE(Eventually([&] { return server.refusals() > 0; }));
  EXPECT_EQ(server.handshakes(), 0);
}

// gRPC shows both as UNAVAILABLE, of which the client would try one after the other.
TEST(ClientTls, ARefusedCertificateIsSaidAndNotTriedAgain) {
  const test::TestCertificate certificate;
  const test::TestCertificate other;
  const TlsServer server(TLS1_3_VERSION, certificate);
  EXPECT_TRUE(absl::IsPermissionDenied(Call(server, other.certificate_pem(), kAttempts)));
  EXPECT_TRUE(Eventually([&] { return server.refusals() > 0; }));
  EXPECT_EQ(server.refusals(), 1);
  const absl::Status name = Call(server, certificate.certificate_pem(), kAttempts, "another.example");
  EXPECT_TRUE(absl::IsPermissionDenied(name)) << name;
  EXPECT_TRUE(Eventually([&] { return server.refusals() + server.handshakes() > 1; }));
  EXPECT_EQ(server.refusals() + server.handshakes(), 2);
}

// gRPC ends its engine with the last channel, and may sleep for a second then: one is kept until the process
// ends.
TEST(ClientTls, TheLastChannelDoesNotEndGrpcsEngine) {
  const test::TestCertificate certificate;
  const TlsServer server(TLS1_3_VERSION, certificate);
  EXPECT_FALSE(Call(server, certificate.certificate_pem()).ok());
  EXPECT_GT(test::GrpcChannels(), 0);
}

// A realm that is away is.
TEST(ClientTls, WhoIsNotThereIsUnavailable) {
  const test::TestCertificate certificate;
  std::optional<TlsServer> server(std::in_place, TLS1_3_VERSION, certificate);
  const std::string address = server->address();
  server.reset();
  EXPECT_TRUE(absl::IsUnavailable(CallAt(address, certificate.certificate_pem(), 1, "")));
}

}  // namespace
}  // namespace labrec::recovery::client
