#include <map>
#include <string>

#include "tests/integration/server/test.h"
#include "tests/support/net/http_connection.h"

// What web pages' calls have of their own; all else the other suites see over both transports.
namespace labrec::test {
namespace {

using testing::HasSubstr;

constexpr char kGetRealmByWeb[] = "/connect/labyrinth.recovery.v1.Recovery/GetRealm";
constexpr char kHealth[] = "/connect/grpc.health.v1.Health/Check";
constexpr char kProto[] = "Content-Type: application/proto\r\n";

class ServerWeb : public ServerTest {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.origins = "\"https://app.example\"";
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
  }
  HttpMessage Answer(const std::string& bytes) {
    auto connection = HttpConnection::Open(realm_->web_address());
    EXPECT_TRUE(connection.ok()) << connection.status();
    connection->Send(bytes);
    return connection->Read().value_or(HttpMessage());
  }
};
// Messages do not know the device.
INSTANTIATE_TEST_SUITE_P(Devices, ServerWeb,
                         testing::Values(ServerParam{SimulatorKind::kSwtpm, Way::kConnect}), NameOf);

TEST_P(ServerWeb, TheSameAccountIsServedOverBoth) {
  ApiClient page(*realm_, "alice");
  ASSERT_EQ(page.way, Way::kConnect);
  const grpc::Status ready = page.SetUp();
  ASSERT_TRUE(ready.ok()) << ready.error_message();
  v1::EvaluateResponse guess, again;
  ASSERT_TRUE(page.Evaluate(1, &guess).ok());
  page.way = Way::kGrpc;
  ASSERT_TRUE(page.Evaluate(1, &again).ok());
  EXPECT_EQ(again.evaluated().evaluated(0), guess.evaluated().evaluated(0));
  EXPECT_EQ(again.evaluated().remaining(), guess.evaluated().remaining()) << "the same element, counted once";
  page.way = Way::kConnect;
  v1::UnlockResponse unlocked;
  ASSERT_TRUE(page.Unlock(again.evaluated().challenge(), &unlocked).ok())
      << "a challenge of the other transport";
  EXPECT_EQ(unlocked.unlocked().sealed_secret(), std::string(100, 'e'));
}

TEST_P(ServerWeb, EveryMethodOfTheServiceIsThere) {
  const auto* const service = v1::GetRealmRequest::descriptor()->file()->FindServiceByName("Recovery");
  ASSERT_NE(service, nullptr);
  ASSERT_GT(service->method_count(), 20);
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string name = service->method(i)->name();
    const HttpMessage answer =
        Answer(PostRequest("/connect/labyrinth.recovery.v1.Recovery/" + name, kProto, ""));
    // Two need no token; what a simulator proves of itself is another matter.
    if (name == "GetRealm" || name == "GetIdentity") {
      EXPECT_TRUE(answer.status == 200 || answer.body.find("failed_precondition") != std::string::npos)
          << name;
      continue;
    }
    EXPECT_EQ(answer.status, 401) << name;
    EXPECT_EQ(answer.fields.at("content-type"), "application/json") << name;
    EXPECT_THAT(answer.body, HasSubstr("\"unauthenticated\"")) << name;
  }
}

TEST_P(ServerWeb, WhatIsNoCallIsRefusedInJson) {
  const auto expect = [this](const std::string& bytes, int status, const std::string& code) {
    const HttpMessage answer = Answer(bytes);
    EXPECT_EQ(answer.status, status) << bytes;
    EXPECT_EQ(Json::parse(answer.body, nullptr, false).value("code", ""), code) << answer.body;
  };
  expect(PostRequest("/connect/labyrinth.recovery.v1.Recovery/Nothing", kProto, ""), 404, "unimplemented");
  expect(PostRequest("/connect/labyrinth.recovery.v1.Admin/GetStatus", kProto, ""), 404, "unimplemented");
  expect(PostRequest("/labyrinth.recovery.v1.Recovery/GetRealm", kProto, ""), 404, "unimplemented");
  expect(PostRequest("/metrics", kProto, ""), 404, "unimplemented");
  expect(absl::StrCat("GET ", kGetRealmByWeb, " HTTP/1.1\r\nHost: h\r\n\r\n"), 405, "unimplemented");
  expect(PostRequest(kGetRealmByWeb, "Content-Type: application/json\r\n", "{}"), 415, "unimplemented");
  expect(PostRequest(kGetRealmByWeb, absl::StrCat(kProto, "Content-Encoding: gzip\r\n"), "x"), 501,
         "unimplemented");
  expect(PostRequest(kGetRealmByWeb, absl::StrCat(kProto, "Connect-Timeout-Ms: soon\r\n"), ""), 400,
         "invalid_argument");
  expect(PostRequest(kGetRealmByWeb, kProto, "\xff\xff"), 400, "invalid_argument");
  expect(PostRequest(kGetRealmByWeb, kProto, std::string(80 << 10, 'x')), 413, "resource_exhausted");
  expect("GET / HTTP/1.1\nHost: h\n\n", 400, "invalid_argument");
}

TEST_P(ServerWeb, PagesOfTheNamedOriginsMayCall) {
  const std::string asks =
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\n";
  const auto preflight = [&](const std::string& origin) {
    return Answer(absl::StrCat("OPTIONS ", kGetRealmByWeb, " HTTP/1.1\r\nHost: h\r\nOrigin: ", origin, "\r\n",
                               asks, "\r\n"));
  };
  HttpMessage good = preflight("https://app.example");
  EXPECT_EQ(good.status, 204);
  EXPECT_EQ(good.fields["access-control-allow-origin"], "https://app.example");
  EXPECT_EQ(good.fields["access-control-allow-methods"], "POST");
  EXPECT_EQ(good.fields["access-control-max-age"], "7200");
  EXPECT_EQ(preflight("https://other.example").fields.count("access-control-allow-origin"), 0U);

  const std::string from = "Origin: https://app.example\r\n";
  HttpMessage called = Answer(PostRequest(kGetRealmByWeb, kProto + from, ""));
  EXPECT_EQ(called.fields["access-control-allow-origin"], "https://app.example");
  EXPECT_EQ(called.fields["access-control-expose-headers"], "trailer-retry-after-ms");
  HttpMessage refused =
      Answer(PostRequest("/connect/labyrinth.recovery.v1.Recovery/GetRecord", kProto + from, ""));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.fields["access-control-allow-origin"], "https://app.example") << "the page reads why";
}

// grpc.health.v1's bytes: 1 serving, 2 not.
TEST_P(ServerWeb, HealthFollowsTheDevice) {
  const auto health = [this] { return Answer(PostRequest(kHealth, kProto, "")).body; };
  const auto becomes = [&](const std::string& expected) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (health() != expected && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return health() == expected;
  };
  EXPECT_TRUE(becomes("\x08\x01"));
  EXPECT_EQ(Answer(PostRequest(kHealth, kProto, "\x0a\x1elabyrinth.recovery.v1.Recovery")).body, "\x08\x01");
  EXPECT_EQ(Answer(PostRequest(kHealth, kProto, "\x0a\x01x")).status, 404);
  realm_->BreakDevice();
  ApiClient alice(*realm_, "alice");
  EXPECT_FALSE(alice.SetUp().ok());
  EXPECT_TRUE(becomes("\x08\x02"));
  ASSERT_TRUE(realm_->RepairDevice().ok());
  EXPECT_TRUE(becomes("\x08\x01"));
}

TEST_P(ServerWeb, ItsSocketIsTheDaemonsOwnAndEndsWithIt) {
  const std::string path = realm_->web_address().substr(std::string("unix:").size());
  const auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms(0600));
  ASSERT_TRUE(realm_->StopDaemon().ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace labrec::test
