#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/net/http_connection.h"
#include "tests/support/net/loopback.h"
#include "tests/support/net/nginx.h"
#include "tests/support/net/tls_client.h"
#include "tests/support/process/eventually.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"
#include "tests/support/tpm/counter_gate.h"

// Web pages' calls through the nginx that operators are given.
namespace labrec::test {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr char kPage[] = "https://page.test";
constexpr char kGetRealm[] = "/connect/labyrinth.recovery.v1.Recovery/GetRealm";
constexpr char kEvaluate[] = "/connect/labyrinth.recovery.v1.Recovery/Evaluate";
constexpr char kFields[] = "Content-Type: application/proto\r\nOrigin: https://page.test\r\n";

class NginxWeb : public testing::Test {
 protected:
  void SetUp() override { signal(SIGPIPE, SIG_IGN); }  // OpenSSL writes to what nginx has closed
  void TearDown() override {
    nginx_.reset();
    realm_.reset();  // before its device's proxy
  }

  void Start(const std::string& client_timeout = "", const TpmProxy::Judge& judge = nullptr) {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.web = true;
    options.origins = absl::StrCat("\"", kPage, "\"");
    metrics_port_ = *FreePort();
    options.more_configuration = absl::StrCat("[metrics]\naddress = \"127.0.0.1:", metrics_port_, "\"\n");
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    if (judge) {
      auto proxy = TpmProxy::Start(realm_->swtpm()->socket(), judge);
      ASSERT_TRUE(proxy.ok()) << proxy.status();
      proxy_ = *std::move(proxy);
      realm_->SetDeviceUri("tpm2:" + proxy_->tcti());
    }
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    const std::string& address = realm_->address();
    Nginx::Realm behind;
    behind.address = "127.0.0.1" + address.substr(address.rfind(':'));
    behind.certificate = realm_->certificate();
    behind.key = realm_->certificate().parent_path() / "tls.key";
    behind.root = realm_->ca_certificate();
    behind.name = "localhost";
    behind.web_address = realm_->web_address();
    behind.page = kPage;
    behind.client_timeout = client_timeout;
    auto nginx = Nginx::Start(behind);
    ASSERT_TRUE(nginx.ok()) << nginx.status();
    nginx_ = *std::move(nginx);
  }

  HttpMessage Answer(const std::string& bytes) {
    TlsClient client(nginx_->port());
    EXPECT_TRUE(client.Send(bytes));
    return client.Read();
  }
  // The page may read it, and it says this.
  static void ExpectError(HttpMessage answer, int status, const std::string& code) {
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.fields["content-type"], "application/json") << answer.body;
    EXPECT_EQ(answer.fields["access-control-allow-origin"], kPage);
    EXPECT_EQ(answer.fields.count("access-control-allow-credentials"), 0U);
    EXPECT_THAT(answer.body, HasSubstr(absl::StrCat("\"code\":\"", code, "\"")));
  }
  // Calls of GetRealm that the realm has answered so far.
  int Served() const {
    const std::string text = HttpGet(metrics_port_, "/metrics");
    const std::string name = "\nlabyrinth_calls_total{code=\"0\",method=\"GetRealm\"} ";
    const size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  }

  int metrics_port_ = 0;
  std::unique_ptr<TpmProxy> proxy_;
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<Nginx> nginx_;
};

TEST_F(NginxWeb, PassesCallsOnAndNothingElse) {
  Start();
  HttpMessage realm = Answer(PostRequest(kGetRealm, kFields, ""));
  EXPECT_EQ(realm.status, 200) << nginx_->Log();
  EXPECT_EQ(realm.fields["content-type"], "application/proto");
  EXPECT_EQ(realm.fields["access-control-allow-origin"], kPage) << "once, by the daemon";
  v1::GetRealmResponse read;
  EXPECT_TRUE(read.ParseFromString(realm.body));
  EXPECT_EQ(read.name(), "oslo");
  HttpMessage asked =
      Answer(absl::StrCat("OPTIONS ", kEvaluate, " HTTP/1.1\r\nHost: localhost\r\nOrigin: ", kPage,
                          "\r\nAccess-Control-Request-Method: POST\r\n\r\n"));
  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.fields["access-control-allow-origin"], kPage);
  EXPECT_THAT(asked.fields["access-control-allow-headers"], HasSubstr("authorization"));
  ExpectError(Answer(PostRequest(kEvaluate, kFields, "")), 401, "unauthenticated");
  for (const char* other : {"/connect/labyrinth.recovery.v1.Admin/GetStatus",
                            "/connect/grpc.health.v1.Health/Check", "/connect/", "/connect/../metrics"}) {
    const HttpMessage answer = Answer(PostRequest(other, kFields, ""));
    EXPECT_TRUE(answer.status == 404 || answer.body.empty()) << other << answer.body;
  }
  ExpectError(Answer(PostRequest("/connect/else", kFields, "")), 404, "unimplemented");
  EXPECT_NE(Answer(PostRequest("/metrics", "", "")).fields["content-type"],
            "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(NginxWeb, AnotherOriginReadsNoRefusal) {
  Start();
  HttpMessage refused = Answer(PostRequest("/connect/else", "Origin: https://other.test\r\n", ""));
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.fields.count("access-control-allow-origin"), 0U);
}

TEST_F(NginxWeb, AnOversizedMessageIsRefusedBeforeTheRealm) {
  Start();
  const int before = Served();
  ExpectError(Answer(absl::StrCat("POST ", kGetRealm, " HTTP/1.1\r\nHost: localhost\r\n", kFields,
                                  "Content-Length: 1048576\r\n\r\n")),
              413, "invalid_argument");
  ExpectError(Answer(absl::StrCat("POST ", kGetRealm, " HTTP/1.1\r\nHost: localhost\r\n", kFields,
                                  "Transfer-Encoding: chunked\r\n\r\n20000\r\n", std::string(0x20000, 'x'))),
              413, "invalid_argument");
  EXPECT_EQ(Served(), before);
}

TEST_F(NginxWeb, AFloodFromOneAddressIsSlowedDown) {
  Start();
  constexpr int kCalls = 1000;  // ten seconds' worth
  int served = 0, slowed = 0;
  std::unique_ptr<TlsClient> client;
  for (int i = 0; i < kCalls; ++i) {
    if (client == nullptr) client = std::make_unique<TlsClient>(nginx_->port());
    client->Send(PostRequest(kGetRealm, kFields, ""));
    HttpMessage answer = client->Read();
    served += answer.status == 200 ? 1 : 0;
    slowed += answer.status == 429 ? 1 : 0;
    if (slowed == 1 && answer.status == 429) {
      ExpectError(answer, 429, "resource_exhausted");
      EXPECT_GT(std::stoi(answer.fields["trailer-retry-after-ms"]), 0);
      EXPECT_THAT(answer.fields["access-control-expose-headers"], HasSubstr("Trailer-Retry-After-Ms"));
    }
    if (answer.status == 0 || answer.fields["connection"] == "close") client.reset();
  }
  EXPECT_GE(served, 200) << "a burst is everybody's right";
  EXPECT_GT(slowed, 0);
  EXPECT_EQ(served + slowed, kCalls) << nginx_->Log();
}

TEST_F(NginxWeb, ARealmThatIsAwayIsSaidToBe) {
  Start();
  ASSERT_TRUE(realm_->StopDaemon().ok());
  HttpMessage away = Answer(PostRequest(kGetRealm, kFields, ""));
  ExpectError(away, 503, "unavailable");
  EXPECT_EQ(away.fields["trailer-retry-after-ms"], "1000");
  ASSERT_TRUE(realm_->StartDaemon().ok());
  EXPECT_EQ(Answer(PostRequest(kGetRealm, kFields, "")).status, 200);
}

// nginx waits for a head and for each part of a body, and the realm for neither.
TEST_F(NginxWeb, SlowHeadsAndBodiesEndAtNginx) {
  Start("1s");
  const int before = Served();
  TlsClient head(nginx_->port());
  ASSERT_TRUE(head.Send(absl::StrCat("POST ", kGetRealm, " HTTP/1.1\r\nHost: localhost\r\nX: ")));
  while (!head.Readable(milliseconds(5)) && head.Send("a")) continue;
  EXPECT_THAT(head.ReadToEnd(), testing::Not(HasSubstr(" 200 ")));
  TlsClient body(nginx_->port());
  ASSERT_TRUE(body.Send(absl::StrCat("POST ", kGetRealm, " HTTP/1.1\r\nHost: localhost\r\n", kFields,
                                     "Content-Length: 60000\r\n\r\nabc")));
  EXPECT_THAT(body.ReadToEnd(), testing::Not(HasSubstr(" 200 ")));
  EXPECT_EQ(Served(), before);
  EXPECT_THAT(HttpGet(metrics_port_, "/metrics"), HasSubstr("\nlabyrinth_connections 0\n"))
      << "the realm has seen neither";
}

// What hides a second request in a first one: at most one answer for what is one request, and the connection
// ends. The realm itself refuses them too (ServerWeb, HttpServerTest), should another proxy pass them on.
TEST_F(NginxWeb, NoRequestIsSmuggledInAnother) {
  Start();
  const std::string hidden = PostRequest(kGetRealm, kFields, "");
  const std::string start = absl::StrCat("POST ", kEvaluate, " HTTP/1.1\r\nHost: localhost\r\n", kFields);
  const std::string length = absl::StrCat("Content-Length: ", hidden.size(), "\r\n");
  const std::string attempts[] = {
      start + length + "Content-Length: 0\r\n\r\n",
      start + "Content-Length: 0\r\n" + length + "\r\n",
      start + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n",
      start + length + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      start + length + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      start + length + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + length + "X: a" + std::string(1, '\0') + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
  for (const std::string& attempt : attempts) {
    SCOPED_TRACE(attempt);
    const int before = Served();
    TlsClient client(nginx_->port());
    ASSERT_TRUE(client.Send(attempt + hidden));
    EXPECT_THAT(client.Read().status, testing::AnyOf(400, 501));
    EXPECT_THAT(client.ReadToEnd(), testing::Not(HasSubstr(" 200 ")));
    EXPECT_EQ(Served(), before);
  }
  // nginx takes a bare LF for a line's end, and writes the head anew: one request, of the length it says.
  const int before = Served();
  TlsClient client(nginx_->port());
  ASSERT_TRUE(
      client.Send(absl::StrCat("POST ", kEvaluate, " HTTP/1.1\nHost: localhost\n", length, "\n", hidden)));
  EXPECT_THAT(client.Read().status, testing::AnyOf(400, 401, 415));
  EXPECT_EQ(Served(), before);
}

TEST_F(NginxWeb, AClientThatGoesAwayIsNoticed) {
  CounterGate gate;
  Start("", gate.judge());
  const auto stub = NewStub(*realm_);
  auto alice = RawAccount::Register(*stub, "chat", "alice", realm_->Token("alice"));
  auto bob = RawAccount::Register(*stub, "chat", "bob", realm_->Token("bob"));
  ASSERT_TRUE(alice.ok() && bob.ok()) << alice.status() << bob.status();
  const auto guess = [](RawAccount& account) {
    v1::EvaluateRequest request;
    request.set_record(kRawRecord);
    request.set_version(kRawVersion);
    request.add_elements(account.NextElement());
    return PostRequest(kEvaluate, absl::StrCat(kFields, "Authorization: ", account.bearer(), "\r\n"),
                       request.SerializeAsString());
  };
  const auto metric = [&](const std::string& line) {
    return HttpGet(metrics_port_, "/metrics").find("\n" + line + "\n") != std::string::npos;
  };
  const CounterGate::OpenAtEnd open_at_end(gate);
  gate.Close();
  TlsClient patient(nginx_->port());
  ASSERT_TRUE(patient.Send(guess(**bob)));
  ASSERT_TRUE(gate.AwaitArrival());
  auto hasty = std::make_unique<TlsClient>(nginx_->port());
  ASSERT_TRUE(hasty->Send(guess(**alice)));
  ASSERT_TRUE(Eventually([&] { return metric("labyrinth_queue_depth 1"); }));
  const std::string log = nginx_->Log();
  hasty.reset();
  ASSERT_TRUE(Eventually(
      [&] { return nginx_->Log().find("client prematurely closed", log.size()) != std::string::npos; }));
  ASSERT_TRUE(Eventually([&] { return metric("labyrinth_connections 2"); })) << "bob's, and the stub's";
  gate.Open();
  EXPECT_EQ(patient.Read().status, 200);
  EXPECT_TRUE(Eventually([&] { return metric("labyrinth_refused_total{reason=\"client_gone\"} 1"); }));
  EXPECT_TRUE(metric("labyrinth_guesses_counted_total 1"));
}

}  // namespace
}  // namespace labrec::test
