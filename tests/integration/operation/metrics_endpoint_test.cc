#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/integration/operation/named_metrics.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/eventually.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"

// What Prometheus gets from a running daemon.
namespace labrec::test {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using testing::HasSubstr;
using testing::Not;

class MetricsEndpoint : public testing::TestWithParam<SimulatorKind> {
 protected:
  void SetUp() override {
    const auto port = FreePort();
    ASSERT_TRUE(port.ok()) << port.status();
    port_ = *port;
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;  // its certificate has a metric
    options.more_configuration = absl::StrCat("[metrics]\naddress = \"127.0.0.1:", port_, "\"\n");
    auto made = RealmFixture::Make(GetParam(), options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    stub_ = NewStub(*realm_);
  }

  // The answer to "GET /metrics"; empty if nobody listens.
  std::string Scrape() const { return HttpGet(port_, "/metrics"); }
  // The value of one line, -1 if it is not there.
  // Calls are counted when they end, which is after their answer. Asks until it is so, at most ten seconds.
  bool Becomes(const std::string& name, double value) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (Value(name) != value) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }
  double Value(const std::string& name) const {
    const std::string text = Scrape();
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
  bool Becomes(const std::string& name, double value) const {
    return Eventually([&] { return Value(name) == value; }, std::chrono::seconds(30));
  }
  grpc::Status Guess(RawAccount& account) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", account.bearer());
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::EvaluateRequest request;
    request.set_record(kRawRecord);
    request.set_version(kRawVersion);
    request.add_elements(account.NextElement());
    v1::EvaluateResponse response;
    return stub_->Evaluate(&context, request, &response);
  }

  int port_ = 0;
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<v1::Recovery::Stub> stub_;
};
INSTANTIATE_TEST_SUITE_P(Devices, MetricsEndpoint,
                         testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(MetricsEndpoint, CountsWhatHappens) {
  EXPECT_THAT(Scrape(), HasSubstr("HTTP/1.1 200"));
  EXPECT_EQ(Value("labyrinth_serving"), 1);
  EXPECT_EQ(Value("labyrinth_rows"), 0);
  EXPECT_EQ(Value("labyrinth_guesses_counted_total"), 0);
  const double epoch = Value("labyrinth_epoch");
  const double written = Value("labyrinth_anchor_commits_total");

  auto account = RawAccount::Register(*stub_, "chat", "mallory.private", realm_->Token("mallory.private"));
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_EQ(Value("labyrinth_rows"), 2) << "the account and its record";
  ASSERT_TRUE(Guess(**account).ok());
  EXPECT_EQ(Value("labyrinth_guesses_counted_total"), 1);
  EXPECT_TRUE(Becomes("labyrinth_calls_total{code=\"0\",method=\"Evaluate\"}", 1));
  EXPECT_TRUE(Becomes("labyrinth_call_seconds_count{method=\"Evaluate\"}", 1));
  EXPECT_GT(Value("labyrinth_epoch"), epoch);
  EXPECT_GT(Value("labyrinth_anchor_commits_total"), written);

  grpc::ClientContext context;
  v1::GetRecordRequest request;
  request.set_record(kRawRecord);
  v1::GetRecordResponse response;
  EXPECT_EQ(stub_->GetRecord(&context, request, &response).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Becomes("labyrinth_calls_total{code=\"16\",method=\"GetRecord\"}", 1));

  for (uint32_t i = 1; i < kRawLimit; ++i) ASSERT_TRUE(Guess(**account).ok()) << i;
  Guess(**account);
  EXPECT_EQ(Value("labyrinth_guesses_counted_total"), kRawLimit);
  EXPECT_TRUE(Becomes("labyrinth_records_destroyed_total", 1));
  EXPECT_THAT(Scrape(), Not(HasSubstr("mallory"))) << "who uses a realm is nobody's business";
}

TEST_P(MetricsEndpoint, ShowsADeviceThatIsAwayAndOneThatIsBack) {
  auto account = RawAccount::Register(*stub_, "chat", "alice", realm_->Token("alice"));
  ASSERT_TRUE(account.ok()) << account.status();
  realm_->BreakDevice();
  EXPECT_EQ(Guess(**account).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Becomes("labyrinth_serving", 0)) << Scrape();
  ASSERT_TRUE(realm_->RepairDevice().ok());
  EXPECT_TRUE(Becomes("labyrinth_serving", 1)) << Scrape();
}

TEST_P(MetricsEndpoint, HasNothingElse) {
  EXPECT_THAT(Scrape(), HasSubstr("content-type: text/plain; version=0.0.4"));
  for (const char* path :
       {"/", "/metrics/", "/metrics?x", "/connect/labyrinth.recovery.v1.Recovery/GetRealm"}) {
    EXPECT_THAT(HttpGet(port_, path), HasSubstr("HTTP/1.1 404 ")) << path;
  }
  std::ifstream maps(absl::StrCat("/proc/", realm_->DaemonPid(), "/maps"));
  const std::string mapped{std::istreambuf_iterator<char>(maps), {}};
  EXPECT_THAT(mapped, HasSubstr("libprometheus-cpp-core"));
  EXPECT_THAT(mapped, Not(HasSubstr("civetweb"))) << "an HTTP server with known holes";
}

// Those of a ledger in PostgreSQL and of a second host: tests/integration/operation/postgres_test.cc.
TEST_P(MetricsEndpoint, HasWhatTheDashboardAndTheAlertsName) {
  auto account = RawAccount::Register(*stub_, "chat", "alice", realm_->Token("alice"));
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_TRUE(Becomes("labyrinth_call_seconds_count{method=\"FinishRegistration\"}", 1));
  const std::string page = Scrape();
  const size_t seen = ExpectNamed(page, [](const std::string& name) {
    return !name.starts_with("labyrinth_storage_") && !name.starts_with("labyrinth_standby");
  });
  EXPECT_GE(seen, 20U);
}

// By the program that Prometheus checks pages with.
TEST_P(MetricsEndpoint, IsWhatPrometheusTakes) {
  const std::string page = Scrape();
  const size_t body = page.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos) << page;
  const FinishedCommand checked = RunCommand({"promtool", "check", "metrics"}, page.substr(body + 4));
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
}

TEST_P(MetricsEndpoint, EndsWithTheDaemon) {
  const auto code = realm_->StopDaemon();
  ASSERT_TRUE(code.ok() && *code == 0) << code.status();
  EXPECT_EQ(Scrape(), "");
}

}  // namespace
}  // namespace labrec::test
