#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "hsm/base/clock.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/server/test.h"
#include "tests/support/net/http_connection.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/eventually.h"
#include "tests/support/tpm/counter_gate.h"
#include "tests/support/tpm/tpm_proxy.h"

// More calls than the realm has time for: refused in order, at once, and never at the price of a guess.
namespace labrec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ServerOverload : public ServerTest {
 protected:
  void StartWith(const std::string& limits, const TpmProxy::Judge& judge = nullptr,
                 const std::string& more = "") {
    RealmFixture::Options options;
    options.origins = "\"https://app.example\"";
    if (!limits.empty()) options.limits = limits;
    const auto port = FreePort();
    ASSERT_TRUE(port.ok()) << port.status();
    metrics_port_ = *port;
    options.more_configuration =
        absl::StrCat("[metrics]\naddress = \"127.0.0.1:", metrics_port_, "\"\n", more);
    MakeRealm(options);
    ASSERT_NE(realm_, nullptr);
    if (judge) {
      auto proxy = TpmProxy::Start(realm_->swtpm()->socket(), judge);
      ASSERT_TRUE(proxy.ok()) << proxy.status();
      proxy_ = *std::move(proxy);
      realm_->SetDeviceUri("tpm2:" + proxy_->tcti());
    }
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  // A daemon whose device is a proxy must end before the proxy does.
  void TearDown() override { realm_.reset(); }

  // A figure of the daemon's metrics.
  int Metric(const std::string& name) const {
    const std::string text = HttpGet(metrics_port_, "/metrics");
    const size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) ADD_FAILURE() << name << " is not among\n" << text;
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + name.size() + 2));
  }
  int Refused(const std::string& reason) const {
    return Metric("labyrinth_refused_total{reason=\"" + reason + "\"}");
  }
  // What the browser gives a page whose call was one too many.
  void ExpectThatAPageReadsWhen(const ApiClient& client) const {
    auto connection = HttpConnection::Open(realm_->web_address());
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection->Send(
        PostRequest("/connect/labyrinth.recovery.v1.Recovery/GetRecord",
                    absl::StrCat("Content-Type: application/proto\r\nOrigin: https://app.example\r\n",
                                 "Authorization: ", *client.authorization, "\r\n"),
                    "\x0a\x01r"));
    HttpMessage answer = connection->Read().value_or(HttpMessage());
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(Json::parse(answer.body, nullptr, false).value("code", ""), "resource_exhausted")
        << answer.body;
    EXPECT_EQ(answer.fields["access-control-allow-origin"], "https://app.example");
    EXPECT_EQ(answer.fields["access-control-expose-headers"], "trailer-retry-after-ms");
    EXPECT_GT(std::atoi(answer.fields["trailer-retry-after-ms"].c_str()), 0);
  }

  std::unique_ptr<TpmProxy> proxy_;
  int metrics_port_ = 0;
};
// Limits do not know the device, and a proxy can slow down a TPM only.
INSTANTIATE_TEST_SUITE_P(Devices, ServerOverload,
                         testing::Values(ServerParam{SimulatorKind::kSwtpm},
                                         ServerParam{SimulatorKind::kSwtpm, Way::kConnect}),
                         NameOf);

TEST_P(ServerOverload, AnAccountOverItsRateIsRefusedAndOthersAreNot) {
  StartWith("account_per_minute = 1\naccount_burst = 20");
  ApiClient alice(*realm_, "alice"), bob(*realm_, "bob");
  ASSERT_TRUE(alice.SetUp().ok());
  ASSERT_TRUE(bob.SetUp().ok());
  v1::GetRecordResponse record;
  grpc::Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) status = alice.GetRecord(&record);
  EXPECT_REFUSED(status, RESOURCE_EXHAUSTED, "this account calls faster");
  const int pause = std::stoi(alice.trailer["retry-after-ms"]);
  EXPECT_GT(pause, 30'000);
  EXPECT_LE(pause, 60'001);
  v1::EvaluateResponse guess;
  EXPECT_REFUSED(alice.Evaluate(1, &guess), RESOURCE_EXHAUSTED, "this account");
  EXPECT_EQ(ShowRecord("alice")["remaining"], 10) << "the operator is not refused, and nothing was counted";
  EXPECT_EQ(Refused("account_rate"), 2);
  EXPECT_EQ(Refused("tenant_rate"), 0);
  EXPECT_TRUE(bob.Evaluate(1, &guess).ok());
  alice.authorization = "Bearer " + realm_->Token("alice");  // another token, the same account
  EXPECT_REFUSED(alice.Evaluate(1, &guess), RESOURCE_EXHAUSTED, "this account");
  if (way() == Way::kConnect) ExpectThatAPageReadsWhen(alice);
}

TEST_P(ServerOverload, ATenantOverItsRateIsRefused) {
  StartWith("tenant_per_second = 1\ntenant_burst = 3");
  v1::GetRecordResponse record;
  grpc::Status status;
  int answered = 0;
  for (int i = 0; i < 20 && status.ok(); ++i) {
    ApiClient client(*realm_, absl::StrCat("user", i));
    status = client.GetRecord(&record);
    answered += status.ok() ? 1 : 0;
    if (!status.ok()) {
      EXPECT_GT(std::stoi(client.trailer["retry-after-ms"]), 0);
    }
  }
  EXPECT_REFUSED(status, RESOURCE_EXHAUSTED, "this tenant calls faster");
  EXPECT_GE(answered, 3);
  EXPECT_EQ(Refused("tenant_rate"), 1);
}

TEST_P(ServerOverload, ATenantsOwnRateIsItsAlone) {
  StartWith("", nullptr, "[tenants.slow]\njwks = \"chat.jwks\"\ncalls_per_second = 1\n");
  ApiClient slow(*realm_, "ann"), other(*realm_, "ann");
  slow.tenant = "slow";
  slow.authorization = "Bearer " + recovery::IssueToken(realm_->token_key(),
                                                        {.tenant = "slow",
                                                         .account = "ann",
                                                         .audience = realm_->realm_id(),
                                                         .issued_at_s = SystemClock().NowMillis() / 1000});
  v1::GetRecordResponse record;
  grpc::Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) status = slow.GetRecord(&record);
  EXPECT_REFUSED(status, RESOURCE_EXHAUSTED, "this tenant calls faster");
  EXPECT_GT(std::stoi(slow.trailer["retry-after-ms"]), 0);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(other.GetRecord(&record).ok()) << "another tenant";
  EXPECT_EQ(Refused("tenant_rate"), 1);
}

TEST_P(ServerOverload, WhatWaitsIsBoundedAndWhoLeavesIsNotCounted) {
  CounterGate gate;
  StartWith("queue = 3\nqueue_per_account = 2", gate.judge());
  ApiClient alice(*realm_, "alice"), bob(*realm_, "bob");
  for (ApiClient* client : {&alice, &bob}) ASSERT_TRUE(client->SetUp().ok());
  const CounterGate::OpenAtEnd open_at_end(gate);
  gate.Close();
  std::vector<std::thread> threads;
  v1::EvaluateResponse first;
  grpc::Status first_status;
  threads.emplace_back([&] { first_status = bob.Evaluate(1, &first); });
  ASSERT_TRUE(gate.AwaitArrival());

  // Two of alice's wait: one will cancel, the other's deadline will pass.
  ApiCall cancelled = alice.NewCall(seconds(60)), hurried = alice.NewCall(milliseconds(3000));
  grpc::Status cancelled_status, hurried_status;
  threads.emplace_back([&] {
    v1::EvaluateResponse response;
    cancelled_status = cancelled.Run(&v1::Recovery::Stub::Evaluate, alice.EvaluateRequest(2), &response);
  });
  threads.emplace_back([&] {
    v1::EvaluateResponse response;
    hurried_status = hurried.Run(&v1::Recovery::Stub::Evaluate, alice.EvaluateRequest(3), &response);
  });
  ASSERT_TRUE(Eventually([&] { return Metric("labyrinth_queue_depth") == 2; }));

  v1::EvaluateResponse refused;
  EXPECT_REFUSED(alice.Evaluate(4, &refused), RESOURCE_EXHAUSTED, "this account has enough");
  EXPECT_GT(std::stoi(alice.trailer["retry-after-ms"]), 0);
  EXPECT_EQ(Refused("account_queue"), 1);

  cancelled.Cancel();
  threads[1].join();
  threads[2].join();
  EXPECT_EQ(cancelled_status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(hurried_status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // The server hears of it after the client. Over gRPC on the same connection, before any of these calls;
  // over Connect that connection ends, and those of bob and of the late call stay.
  for (int i = 0; i < 20; ++i) {
    v1::GetRealmResponse realm;
    ASSERT_TRUE(alice.Call(&v1::Recovery::Stub::GetRealm, v1::GetRealmRequest(), &realm).ok());
  }
  if (way() == Way::kConnect) {
    ASSERT_TRUE(Eventually([&] { return Metric("labyrinth_connections") == 2; }));
  }
  EXPECT_EQ(Metric("labyrinth_queue_depth"), 2) << "they wait for their turn to be dropped";
  gate.Open();
  threads[0].join();
  EXPECT_TRUE(first_status.ok()) << first_status.error_message();
  ASSERT_TRUE(Eventually([&] { return Refused("client_gone") + Refused("deadline") == 2; }));
  EXPECT_EQ(ShowRecord("alice")["remaining"], 10);
  EXPECT_EQ(ShowRecord("bob")["remaining"], 9);
  EXPECT_EQ(Metric("labyrinth_guesses_counted_total"), 1);
}

// A full queue: whoever has most waiting gives way to whoever has none.
TEST_P(ServerOverload, AFullQueueTakesThePlaceOfWhoHasMost) {
  CounterGate gate;
  StartWith("queue = 3", gate.judge());
  ApiClient mallory(*realm_, "mallory"), bob(*realm_, "bob");
  for (ApiClient* client : {&mallory, &bob}) ASSERT_TRUE(client->SetUp().ok());
  const CounterGate::OpenAtEnd open_at_end(gate);
  gate.Close();
  std::atomic<int> answered = 0, refused = 0;
  std::vector<std::thread> threads;
  const auto guess = [&](ApiClient& client, uint32_t number) {
    threads.emplace_back([&client, &answered, &refused, number] {
      ApiCall call = client.NewCall(seconds(60));
      v1::EvaluateResponse response;
      const grpc::Status status =
          call.Run(&v1::Recovery::Stub::Evaluate, client.EvaluateRequest(number), &response);
      ++(status.ok() ? answered : refused);
      if (!status.ok()) {
        EXPECT_REFUSED(status, RESOURCE_EXHAUSTED, "more requests waiting than others");
        EXPECT_EQ(call.trailer().count("retry-after-ms"), 1U);
      }
    });
  };
  guess(mallory, 1);
  ASSERT_TRUE(gate.AwaitArrival());
  for (uint32_t number = 2; number <= 4; ++number) guess(mallory, number);
  ASSERT_TRUE(Eventually([&] { return Metric("labyrinth_queue_depth") == 3; }));
  guess(bob, 1);
  ASSERT_TRUE(Eventually([&] { return refused == 1; }));
  EXPECT_EQ(Refused("queue_full"), 1);
  gate.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 4);
  EXPECT_EQ(ShowRecord("mallory")["remaining"], 7) << "the one that gave way was not counted";
  EXPECT_EQ(ShowRecord("bob")["remaining"], 9);
}

// A chip of usual speed and clients in a hurry: whatever became of their calls, each guess that is gone was
// counted, and each that was dropped is not gone.
TEST_P(ServerOverload, ShortDeadlinesOnASlowChipTakeNoGuessUncounted) {
  StartWith("", HardwareLatency);
  constexpr uint32_t kClients = 6;
  std::vector<std::unique_ptr<ApiClient>> clients;
  for (uint32_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<ApiClient>(*realm_, absl::StrCat("user", i)));
    ASSERT_TRUE(clients.back()->SetUp().ok());
  }
  std::atomic<int> answered = 0, late = 0;
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      for (uint32_t number = 1; number <= 8; ++number) {
        ApiCall call = clients[i]->NewCall(milliseconds(40 * (1 + (i + number) % 8)));
        v1::EvaluateResponse response;
        const grpc::Status status =
            call.Run(&v1::Recovery::Stub::Evaluate, clients[i]->EvaluateRequest(number), &response);
        ++(status.ok() ? answered : late);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(Eventually([&] { return Metric("labyrinth_queue_depth") == 0; }));
  int gone = 0;
  for (uint32_t i = 0; i < kClients; ++i) {
    gone += 10 - ShowRecord(absl::StrCat("user", i))["remaining"].get<int>();
  }
  const int dropped = Refused("deadline") + Refused("client_gone");
  std::cout << answered << " answered, " << late << " late: " << dropped << " of them dropped uncounted\n";
  EXPECT_GT(late, 0);
  EXPECT_EQ(Metric("labyrinth_guesses_counted_total"), gone);
  EXPECT_GE(gone, answered);
  EXPECT_LE(gone + dropped, answered + late);
}

}  // namespace
}  // namespace labrec::test
