#include "tests/support/net/nginx.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "recovery/api/v1/admin.grpc.pb.h"
#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"

// The nginx configuration that operators are given, run by a real nginx in front of a real daemon.
namespace labrec::test {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{30};

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// nginx in front of a realm, as clients see both.
class RealmBehindNginx : public testing::Test {
 protected:
  // `host`: where the daemon listens. `name`: where clients look for nginx.
  void Start(TlsChain chain, const std::string& host, const std::string& name) {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.chain = chain;
    options.host = host;
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    StartRealm();
    std::string address = realm_->address();
    if (host == "localhost") address.replace(0, host.size(), "127.0.0.1");
    auto nginx = Nginx::Start({address, realm_->certificate().string(),
                               (realm_->certificate().parent_path() / "tls.key").string(),
                               realm_->ca_certificate().string(), "localhost"});
    ASSERT_TRUE(nginx.ok()) << nginx.status();
    nginx_ = *std::move(nginx);
    WriteClientFiles(name);
  }
  void StartRealm() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void WriteClientFiles(const std::string& name) {
    // As docs/operations.md says.
    const FinishedCommand entry =
        RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "realm", "client-entry", "--state", realm_->state(),
                    "--address", absl::StrCat(name, ":", nginx_->port()), "--ca-certificate",
                    realm_->ca_certificate(), "--certificate", realm_->certificate()});
    ASSERT_EQ(entry.code, 0) << entry.err;
    std::ofstream(Path("realms.toml")) << entry.out;
    std::filesystem::copy_file(realm_->ca_certificate(),
                               folder_.path() / realm_->ca_certificate().filename());
    std::ofstream(Path("token")) << realm_->Token("alice");
    std::ofstream(Path("secret")) << "a storage key of 32 bytes......!";
    std::filesystem::permissions(Path("secret"), std::filesystem::perms(0600));
    std::filesystem::permissions(Path("token"), std::filesystem::perms(0600));
  }
  std::string Path(const char* name) const { return folder_.path() / name; }

  FinishedCommand Recover(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), LABREC_BIN_DIR "/labyrinth-recover");
    if (words[1] != "device-key") {
      words.insert(words.end(), {"--realms", Path("realms.toml"), "--token-file", Path("token")});
    }
    return RunCommand(words, input);
  }
  void Seal() {
    ASSERT_EQ(Recover({"device-key", "--device-key", Path("phone")}).code, 0);
    const FinishedCommand enrolled = Recover({"enroll", "--device-key", Path("phone")});
    ASSERT_EQ(enrolled.code, 0) << enrolled.err;
    const FinishedCommand sealed = Recover(
        {"seal", "--device-key", Path("phone"), "--secret-file", Path("secret"), "--pin-stdin"}, "4938\n");
    ASSERT_EQ(sealed.code, 0) << sealed.err << nginx_->Log();
  }

  // To nginx.
  std::shared_ptr<grpc::Channel> Channel() const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = Content(realm_->ca_certificate());
    return grpc::CreateChannel(absl::StrCat("localhost:", nginx_->port()), grpc::SslCredentials(tls));
  }
  std::unique_ptr<v1::Recovery::Stub> Stub() const { return v1::Recovery::NewStub(Channel()); }
  // Processor time of the daemon so far.
  std::chrono::milliseconds DaemonTime() const {
    std::ifstream file(absl::StrCat("/proc/", realm_->DaemonPid(), "/stat"));
    std::string field;
    long ticks = 0;
    for (int i = 1; i <= 15 && file >> field; ++i) {
      if (i >= 14) ticks += std::stol(field);  // utime and stime, proc(5)
    }
    return std::chrono::milliseconds(ticks * 1000 / sysconf(_SC_CLK_TCK));
  }

  TemporaryFolder folder_;
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<Nginx> nginx_;
};

class NginxTest : public RealmBehindNginx {
 protected:
  void SetUp() override { Start(TlsChain::kSelfSigned, "localhost", "localhost"); }
};

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// A TLS connection that speaks HTTP/2 as it likes.
class RawConnection {
 public:
  RawConnection(int port, int newest_tls) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_.get(), newest_tls);
    constexpr unsigned char kH2[] = {2, 'h', '2'};
    SSL_CTX_set_alpn_protos(context_.get(), kH2, sizeof kH2);
    bio_.reset(BIO_new_ssl_connect(context_.get()));
    BIO_set_conn_hostname(bio_.get(), absl::StrCat("127.0.0.1:", port).c_str());
    connected_ = BIO_do_connect(bio_.get()) == 1;
  }
  bool connected() const { return connected_; }
  bool Write(const std::string& bytes) {
    return BIO_write(bio_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  // What comes until the peer closes.
  std::string ReadAll() {
    std::string all;
    char part[4096];
    for (;;) {
      const int count = BIO_read(bio_.get(), part, sizeof part);
      if (count <= 0) return all;
      all.append(part, static_cast<size_t>(count));
    }
  }

 private:
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<BIO, FreeBio> bio_;
  bool connected_ = false;
};

// RFC 9113, 4.1.
std::string Frame(int type, int flags, const std::string& payload) {
  const auto size = payload.size();
  std::string frame = {static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size),
                       static_cast<char>(type), static_cast<char>(flags)};
  return frame + std::string("\0\0\0\1", 4) + payload;
}

// RFC 7541, 5.1 and 6.2.2: a literal with a new name, without Huffman coding.
std::string HpackInteger(size_t value) {
  if (value < 127) return {static_cast<char>(value)};
  std::string bytes = {127};
  for (value -= 127; value >= 128; value >>= 7) bytes += static_cast<char>((value & 127) | 128);
  return bytes + static_cast<char>(value);
}
std::string Header(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + HpackInteger(name.size()) + name + HpackInteger(value.size()) + value;
}

TEST_F(NginxTest, SealAndRecoverAndARestartBehindIt) {
  Seal();
  const FinishedCommand back = Recover({"recover", "--output", Path("back"), "--pin-stdin"}, "4938\n");
  ASSERT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(Content(Path("back")), Content(Path("secret")));
  EXPECT_EQ(Recover({"recover", "--output", Path("wrong"), "--pin-stdin"}, "0000\n").code, 3);

  const auto stopped = realm_->StopDaemon();
  ASSERT_TRUE(stopped.ok() && *stopped == 0);
  const FinishedCommand away = Recover({"recover", "--output", Path("away"), "--pin-stdin"}, "4938\n");
  EXPECT_EQ(away.code, 6) << "nobody is there: " << away.err;
  EXPECT_THAT(away.err, HasSubstr("nginx: the realm does not answer"));

  StartRealm();
  const FinishedCommand status = Recover({"status", "--json"});
  EXPECT_THAT(status.out, HasSubstr("9")) << "the wrong PIN was counted once, being away never";
  EXPECT_EQ(Recover({"recover", "--output", Path("again"), "--pin-stdin"}, "4938\n").code, 0);
  EXPECT_EQ(Content(Path("again")), Content(Path("secret")));
}

// Whose certificate the realm has, and how it is reached.
struct Setting {
  const char* name;
  TlsChain chain;
  const char* host;    // the daemon's
  const char* client;  // nginx's, as clients know it
};
void PrintTo(const Setting& setting, std::ostream* out) {
  *out << setting.name;
}
class NginxSettings : public RealmBehindNginx, public testing::WithParamInterface<Setting> {};
INSTANTIATE_TEST_SUITE_P(Each, NginxSettings,
                         testing::Values(Setting{"OwnCa", TlsChain::kOwnCa, "localhost", "localhost"},
                                         Setting{"Intermediate", TlsChain::kIntermediate, "localhost",
                                                 "localhost"},
                                         Setting{"PublicCa", TlsChain::kPublicCa, "localhost", "localhost"},
                                         Setting{"IpV6", TlsChain::kOwnCa, "[::1]", "[::1]"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(NginxTest, WhatClientsWouldRefuseIsNoEntryOfTheirList) {
  const auto entry = [&](const std::string& address, const std::filesystem::path& root) {
    return RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "realm", "client-entry", "--state", realm_->state(),
                       "--address", address, "--ca-certificate", root, "--certificate",
                       realm_->certificate()});
  };
  EXPECT_EQ(entry("localhost:7443", realm_->ca_certificate()).code, 0);
  const FinishedCommand name = entry("realm.example:7443", realm_->ca_certificate());
  EXPECT_EQ(name.code, 1);
  EXPECT_THAT(name.err, HasSubstr("hostname mismatch"));
  const TemporaryFolder other;
  ASSERT_TRUE(MakeTlsChain(other.path(), TlsChain::kOwnCa).ok());
  const FinishedCommand root = entry("localhost:7443", other.path() / "ca.pem");
  EXPECT_EQ(root.code, 1);
  EXPECT_THAT(root.err, HasSubstr("a client that trusts"));
  EXPECT_EQ(entry("localhost", realm_->ca_certificate()).code, 2) << "no port";
}

TEST_P(NginxSettings, SealAndRecover) {
  Start(GetParam().chain, GetParam().host, GetParam().client);
  Seal();
  const FinishedCommand back = Recover({"recover", "--output", Path("back"), "--pin-stdin"}, "4938\n");
  ASSERT_EQ(back.code, 0) << back.err << nginx_->Log();
  EXPECT_EQ(Content(Path("back")), Content(Path("secret")));
}

// gRPC would spend a second of processor on 8 MiB, and 50 seconds on 32 MiB.
TEST_F(NginxTest, AHugeHeaderNeverReachesTheRealm) {
  const auto before = DaemonTime();
  RawConnection connection(nginx_->port(), TLS1_3_VERSION);
  ASSERT_TRUE(connection.connected());
  std::string block = Header(":method", "POST") + Header(":scheme", "https") +
                      Header(":path", "/labyrinth.recovery.v1.Recovery/GetRealm") +
                      Header(":authority", "localhost") + Header("content-type", "application/grpc") +
                      Header("x-large", std::string(size_t{32} << 20, 'a'));
  ASSERT_TRUE(connection.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9)));
  constexpr size_t kFrame = 16384;
  bool open = true;
  for (size_t at = 0; open && at < block.size(); at += kFrame) {
    open = connection.Write(
        Frame(at == 0 ? 1 : 9, at + kFrame >= block.size() ? 4 : 0, block.substr(at, kFrame)));
  }
  connection.ReadAll();
  EXPECT_LT((DaemonTime() - before).count(), 300) << "milliseconds";
  v1::GetRealmResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(Stub()->GetRealm(&context, {}, &response).ok()) << "and everybody else is served";
}

TEST_F(NginxTest, OnlyTls13AndOnlyThisService) {
  EXPECT_TRUE(RawConnection(nginx_->port(), TLS1_3_VERSION).connected());
  EXPECT_FALSE(RawConnection(nginx_->port(), TLS1_2_VERSION).connected());

  v1::GetStatusResponse response;
  grpc::ClientContext context;
  const grpc::Status admin = v1::Admin::NewStub(Channel())->GetStatus(&context, {}, &response);
  EXPECT_EQ(admin.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(admin.error_message(), "nginx: no such method");
}

TEST_F(NginxTest, AnOversizedMessageIsRefusedBeforeTheRealm) {
  v1::EvaluateRequest request;
  request.set_record(std::string(size_t{1} << 20, 'a'));
  v1::EvaluateResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const grpc::Status refused = Stub()->Evaluate(&context, request, &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused.error_message(), "nginx: the message is too large");
  EXPECT_THAT(nginx_->Log(), HasSubstr("client intended to send too large"));
}

// Calls that are all sent at once.
struct Burst {
  explicit Burst(int size) : calls(static_cast<size_t>(size)), waiting(size) {}
  struct Call {
    grpc::ClientContext context;
    v1::GetRealmRequest request;
    v1::GetRealmResponse response;
    grpc::Status status;
  };
  void Send(v1::Recovery::Stub& stub) {
    for (Call& call : calls) {
      call.context.set_deadline(std::chrono::system_clock::now() + kPatience);
      stub.async()->GetRealm(&call.context, &call.request, &call.response,
                             [this, &call](grpc::Status status) {
                               call.status = std::move(status);
                               waiting.count_down();
                             });
    }
    waiting.wait();
  }
  long Count(grpc::StatusCode code) const {
    return std::ranges::count_if(calls, [&](const Call& call) { return call.status.error_code() == code; });
  }
  std::vector<Call> calls;
  std::latch waiting;
};

TEST_F(NginxTest, AFloodFromOneAddressIsSlowedDownAndServedAgainLater) {
  const auto stub = Stub();
  constexpr int kCalls = 1000;  // ten seconds' worth
  Burst burst(kCalls);
  burst.Send(*stub);
  EXPECT_GE(burst.Count(grpc::StatusCode::OK), 200) << "a burst is everybody's right";
  const long refused = burst.Count(grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(refused + burst.Count(grpc::StatusCode::OK), kCalls) << nginx_->Log();

  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool served = false;
  while (!served && std::chrono::steady_clock::now() < deadline) {
    Burst one(1);
    one.Send(*stub);
    served = one.Count(grpc::StatusCode::OK) == 1;
  }
  EXPECT_TRUE(served) << "it was slowed down, not locked out";
}

}  // namespace
}  // namespace labrec::test
