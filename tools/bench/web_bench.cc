// web_bench: what the endpoint for web pages costs, against gRPC: processor time of the same calls in one
// run, and what connections that do nothing hold.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <poll.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tests/support/net/http2_connection.h"
#include "tests/support/net/http_connection.h"
#include "tests/support/net/nginx.h"
#include "tests/support/net/tls_client.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/load/grpc_connection.h"
#include "tools/bench/load/process.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

namespace api = labyrinth::recovery::v1;
using SteadyClock = std::chrono::steady_clock;
using test::HttpConnection;
using test::HttpMessage;
using test::TlsClient;

constexpr size_t kConnections = 16;
constexpr size_t kRounds = 5;
constexpr size_t kLiveCalls = 200;
constexpr int kPatienceMillis = 30'000;

struct Options {
  size_t calls = 20'000;
  size_t idle = 10'000;
  bool json = false;
};

// One method, as both transports send it.
struct Method {
  std::string name;
  std::string bearer;  // empty: it needs no token
  std::string message;

  std::string GrpcPath() const { return absl::StrCat("/labyrinth.recovery.v1.Recovery/", name); }
  std::string HttpRequest() const {
    const std::string fields =
        absl::StrCat("Content-Type: application/proto\r\nConnect-Protocol-Version: 1\r\n",
                     bearer.empty() ? "" : absl::StrCat("Authorization: ", bearer, "\r\n"));
    return test::PostRequest(absl::StrCat("/connect/labyrinth.recovery.v1.Recovery/", name), fields, message);
  }
};

absl::Status Refused(const Method& method, int status) {
  if (status != 0) return absl::InternalError(absl::StrCat(method.name, " over HTTP was answered ", status));
  return absl::UnavailableError(absl::StrCat(
      method.name, ": the connection was closed. The daemon keeps as many as it may have files open: ",
      "ulimit -n 60000 before this lets it keep more"));
}

// A call on each connection, then each one's answer, again and again.
template <typename Connection>
absl::Status CallOverHttp(std::vector<std::unique_ptr<Connection>>& connections, const Method& method,
                          size_t calls) {
  const std::string request = method.HttpRequest();
  for (size_t done = 0; done < calls; done += connections.size()) {
    for (const auto& connection : connections) {
      if (!connection->Send(request)) return Refused(method, 0);
    }
    for (const auto& connection : connections) {
      const std::optional<HttpMessage> answer = connection->Read();
      if (!answer || answer->status != 200) return Refused(method, answer ? answer->status : 0);
    }
  }
  return absl::OkStatus();
}

absl::Status CallOverGrpc(std::vector<std::unique_ptr<GrpcConnection>>& connections, const Method& method,
                          size_t calls) {
  const std::string path = method.GrpcPath();  // nghttp2 reads it when it is sent
  for (size_t done = 0; done < calls; done += connections.size()) {
    size_t answered = 0;
    absl::Status failed;
    for (const auto& connection : connections) {
      connection->Call(path, method.bearer, method.message, [&](const absl::StatusOr<std::string>& answer) {
        ++answered;
        failed.Update(answer.status());
      });
      LABREC_RETURN_IF_ERROR(connection->Flush());
    }
    for (const auto& connection : connections) {
      const size_t others = answered;
      while (answered == others) {
        pollfd readable{connection->fd(), POLLIN, 0};
        if (poll(&readable, 1, kPatienceMillis) != 1) return absl::DeadlineExceededError("no answer");
        LABREC_RETURN_IF_ERROR(connection->Receive());
        LABREC_RETURN_IF_ERROR(connection->Flush());
      }
    }
    LABREC_RETURN_IF_ERROR(failed);
  }
  return absl::OkStatus();
}

// Processor time of one way, in microseconds for a call.
struct Cost {
  double daemon = 0;
  double nginx = 0;
  double all() const { return daemon + nginx; }
};

class Run {
 public:
  explicit Run(Options options) : options_(options) {}
  absl::StatusOr<Json> Measure();

 private:
  absl::Status Start();
  absl::Status Connect();
  template <typename Calls>
  absl::Status Add(Cost& cost, const Calls& calls);
  absl::StatusOr<Json> Compare(const Method& method);
  absl::StatusOr<double> LiveCallMs();
  absl::StatusOr<Json> HoldIdle();

  const Options options_;
  const test::TlsContext tls_ = test::NewTlsContext();
  std::unique_ptr<BenchRealm> realm_;
  std::unique_ptr<test::Nginx> nginx_;
  std::vector<std::unique_ptr<GrpcConnection>> grpc_, grpc_behind_;
  std::vector<std::unique_ptr<HttpConnection>> plain_;
  std::vector<std::unique_ptr<TlsClient>> behind_;
};

absl::Status Run::Start() {
  LABREC_ASSIGN_OR_RETURN(realm_, BenchRealm::Start(test::SimulatorKind::kSoftHsm, Latency::kSimulator, {},
                                                    BenchRealm::Pages::kServed));
  test::RealmFixture& fixture = realm_->fixture();
  const std::string& address = fixture.address();
  test::Nginx::Realm behind;
  behind.address = absl::StrCat("127.0.0.1", address.substr(address.rfind(':')));
  behind.certificate = fixture.certificate();
  behind.key = fixture.certificate().parent_path() / "tls.key";
  behind.root = fixture.ca_certificate();
  behind.name = "localhost";
  behind.web_address = fixture.web_address();
  behind.page = "https://page.test";
  behind.for_load = true;
  LABREC_ASSIGN_OR_RETURN(nginx_, test::Nginx::Start(behind));
  return absl::OkStatus();
}

absl::Status Run::Connect() {
  grpc_behind_.clear();
  plain_.clear();
  behind_.clear();
  LABREC_ASSIGN_OR_RETURN(grpc_, realm_->Open(kConnections));
  for (size_t i = 0; i < kConnections; ++i) {
    LABREC_ASSIGN_OR_RETURN(auto through, GrpcConnection::Open(tls_.get(), nginx_->port()));
    grpc_behind_.push_back(std::move(through));
    LABREC_ASSIGN_OR_RETURN(HttpConnection plain, HttpConnection::Open(realm_->fixture().web_address()));
    plain_.push_back(std::make_unique<HttpConnection>(std::move(plain)));
    behind_.push_back(std::make_unique<TlsClient>(nginx_->port()));
  }
  // nginx waits ten seconds for the first call of a connection, and longer for the next.
  LABREC_RETURN_IF_ERROR(CallOverGrpc(grpc_behind_, {"GetRealm", "", ""}, kConnections));
  return CallOverHttp(behind_, {"GetRealm", "", ""}, kConnections);
}

template <typename Calls>
absl::Status Run::Add(Cost& cost, const Calls& calls) {
  const double daemon = realm_->CpuSeconds(), nginx = CpuSecondsOf(nginx_->pid());
  LABREC_RETURN_IF_ERROR(calls());
  const double scale = 1e6 / static_cast<double>(options_.calls);
  cost.daemon += (realm_->CpuSeconds() - daemon) * scale;
  cost.nginx += (CpuSecondsOf(nginx_->pid()) - nginx) * scale;
  return absl::OkStatus();
}

// The ways in turns, so that what else the machine does is as hard on each.
absl::StatusOr<Json> Run::Compare(const Method& method) {
  Cost grpc, grpc_behind, plain, behind;
  const size_t part = options_.calls / kRounds;
  for (size_t round = 0; round < kRounds; ++round) {
    LABREC_RETURN_IF_ERROR(Connect());
    LABREC_RETURN_IF_ERROR(CallOverHttp(plain_, method, kConnections));  // a token is looked at once
    LABREC_RETURN_IF_ERROR(Add(grpc, [&] { return CallOverGrpc(grpc_, method, part); }));
    LABREC_RETURN_IF_ERROR(Add(plain, [&] { return CallOverHttp(plain_, method, part); }));
    LABREC_RETURN_IF_ERROR(Add(grpc_behind, [&] { return CallOverGrpc(grpc_behind_, method, part); }));
    LABREC_RETURN_IF_ERROR(Add(behind, [&] { return CallOverHttp(behind_, method, part); }));
  }
  return Json{{"grpc_daemon_us", Rounded(grpc.daemon)},
              {"connect_daemon_us", Rounded(plain.daemon)},
              {"connect_over_grpc", Rounded(plain.daemon / grpc.daemon)},
              {"grpc_behind_nginx_daemon_us", Rounded(grpc_behind.daemon)},
              {"grpc_behind_nginx_nginx_us", Rounded(grpc_behind.nginx)},
              {"connect_behind_nginx_daemon_us", Rounded(behind.daemon)},
              {"connect_behind_nginx_nginx_us", Rounded(behind.nginx)},
              {"behind_nginx_connect_over_grpc", Rounded(behind.all() / grpc_behind.all())}};
}

// The median on one more connection, of GetRealm.
absl::StatusOr<double> Run::LiveCallMs() {
  LABREC_ASSIGN_OR_RETURN(HttpConnection live, HttpConnection::Open(realm_->fixture().web_address()));
  const Method method{"GetRealm", "", ""};
  std::vector<double> milliseconds;
  for (size_t i = 0; i < kLiveCalls; ++i) {
    const auto start = SteadyClock::now();
    live.Send(method.HttpRequest());
    const auto answer = live.Read();
    if (!answer || answer->status != 200) return Refused(method, answer ? answer->status : 0);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
  }
  return Percentile(milliseconds, 0.5);
}

absl::StatusOr<Json> Run::HoldIdle() {
  const size_t files = RaiseFileLimit();
  if (files < options_.idle + 200) {
    return absl::FailedPreconditionError(
        absl::StrCat("only ", files, " open files are allowed; raise it: ulimit -Hn"));
  }
  LABREC_ASSIGN_OR_RETURN(const double alone_ms, LiveCallMs());
  const double before = realm_->MemoryMib();
  const size_t files_before = realm_->OpenFiles();
  std::vector<HttpConnection> idle;
  const Method method{"GetRealm", "", ""};
  for (size_t i = 0; i < options_.idle; ++i) {
    LABREC_ASSIGN_OR_RETURN(HttpConnection connection, HttpConnection::Open(realm_->fixture().web_address()));
    connection.Send(method.HttpRequest());  // each was used once
    const auto answer = connection.Read();
    if (!answer || answer->status != 200) return Refused(method, answer ? answer->status : 0);
    idle.push_back(std::move(connection));
  }
  const double open = realm_->MemoryMib();
  const size_t files_open = realm_->OpenFiles();
  LABREC_ASSIGN_OR_RETURN(const double beside_ms, LiveCallMs());
  idle.clear();
  while (realm_->OpenFiles() > files_before + 2) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return Json{{"connections", options_.idle},
              {"files_allowed_here", files},
              {"open_files_of_daemon", files_open},
              {"before_mib", Rounded(before)},
              {"open_mib", Rounded(open)},
              {"kib_per_connection", Rounded((open - before) * 1024 / static_cast<double>(options_.idle))},
              {"live_call_alone_ms", Rounded(alone_ms)},
              {"live_call_beside_ms", Rounded(beside_ms)}};
}

absl::StatusOr<Json> Run::Measure() {
  LABREC_RETURN_IF_ERROR(Start());
  api::GetRecordRequest record;
  record.set_record("none");
  const std::string bearer = absl::StrCat("Bearer ", realm_->fixture().Token("alice"));
  Json result{{"calls", options_.calls}, {"connections", kConnections}};
  LABREC_ASSIGN_OR_RETURN(result["get_realm"], Compare({"GetRealm", "", ""}));
  LABREC_ASSIGN_OR_RETURN(result["get_record"], Compare({"GetRecord", bearer, record.SerializeAsString()}));
  if (options_.idle == 0) return result;
  LABREC_ASSIGN_OR_RETURN(result["idle"], HoldIdle());
  return result;
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  CLI::App app(
      "The endpoint for web pages against gRPC, at one real realm: processor time a call, straight to the "
      "daemon and "
      "through the nginx that operators are given; and what connections that do nothing hold.");
  app.add_option("--calls", options.calls, "of each method by each way")->check(CLI::Range(1000, 10'000'000));
  app.add_option("--idle", options.idle, "connections; 0 leaves that out")->check(CLI::Range(0, 60'000));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Run(options).Measure(), options.json ? Format::kJson : Format::kTable);
}
