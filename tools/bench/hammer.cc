#include "tools/bench/hammer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::bench {
namespace {

namespace api = labyrinth::recovery::v1;
using Stub = test::RawAccount::Stub;

constexpr size_t kConnections = 4;
constexpr char kHammering[] = "hammering";
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kPollEvery{5};

class Hammer {
 public:
  Hammer(const std::vector<std::unique_ptr<Stub>>& stubs, std::string bearer, std::string element,
         size_t at_a_time)
      : bearer_(std::move(bearer)) {
    request_.set_record(test::kRawRecord);
    request_.set_version(test::kRawVersion);
    request_.add_elements(std::move(element));
    for (size_t i = 0; i < at_a_time; ++i) calls_.push_back(std::make_unique<Call>(*stubs[i % stubs.size()]));
  }

  void Start() {
    for (auto& call : calls_) Send(*call);
  }
  // Waits for what is under way.
  void Stop() {
    stopping_ = true;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }
  uint64_t answered() const { return answered_; }
  uint64_t refused() const { return refused_; }

 private:
  struct Call {
    explicit Call(Stub& s) : stub(s) {}
    Stub& stub;
    std::optional<grpc::ClientContext> context;
    api::EvaluateResponse response;
  };

  void Send(Call& call) {
    {
      const std::lock_guard lock(mutex_);
      ++under_way_;
    }
    call.context.emplace();
    call.context->AddMetadata("authorization", bearer_);
    call.stub.async()->Evaluate(&*call.context, &request_, &call.response,
                                [this, &call](const grpc::Status& status) { Ended(call, status); });
  }

  void Ended(Call& call, const grpc::Status& status) {
    if (status.ok() && answered_++ == 0) {
      std::puts(kHammering);
      std::fflush(stdout);
    }
    if (!status.ok()) ++refused_;
    if (!stopping_) Send(call);
    const std::lock_guard lock(mutex_);
    if (--under_way_ == 0) changed_.notify_all();
  }

  const std::string bearer_;
  api::EvaluateRequest request_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> answered_ = 0, refused_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t under_way_ = 0;
};

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::unique_ptr<Stub>> ConnectTo(const HammerOrders& orders) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadAll(orders.ca);
  grpc::ChannelArguments own_connection;
  own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::vector<std::unique_ptr<Stub>> stubs;
  for (size_t i = 0; i < kConnections; ++i) {
    stubs.push_back(api::Recovery::NewStub(
        grpc::CreateCustomChannel(orders.address, grpc::SslCredentials(tls), own_connection)));
  }
  return stubs;
}

double CpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int RunHammer(const HammerOrders& orders) {
  const char* const bearer = std::getenv(kHammerBearer);
  const absl::StatusOr<Bytes> element = FromHex(orders.element);
  if (!absl::StartsWith(orders.address, "localhost:") || bearer == nullptr || !element.ok()) {
    std::fprintf(stderr, "hammer: wants localhost:PORT, an element in hexadecimal, and a token in %s\n",
                 kHammerBearer);
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // gRPC's threads inherit it
  const auto stubs = ConnectTo(orders);
  Hammer hammer(stubs, bearer, std::string(AsText(*element)), orders.calls_at_a_time);
  hammer.Start();
  int signal = 0;
  sigwait(&ends, &signal);
  hammer.Stop();
  const nlohmann::json counts = {
      {"answered", hammer.answered()}, {"refused", hammer.refused()}, {"cpu_seconds", CpuSeconds()}};
  std::puts(counts.dump().c_str());
  return 0;
}

HammerProcess::HammerProcess(BenchRealm& realm, test::RawAccount& account, size_t calls_at_a_time) {
  options_.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                      "hammer",
                      "--address",
                      realm.fixture().address(),
                      "--ca",
                      realm.fixture().ca_certificate().string(),
                      "--element",
                      Hex(AsBytes(account.NextElement())),
                      "--calls",
                      absl::StrCat(calls_at_a_time)};
  options_.environment = {{kHammerBearer, account.bearer()}};
  options_.log = folder_.path() / "log";
}

std::string HammerProcess::Log() const {
  return ReadAll(options_.log);
}

absl::Status HammerProcess::Start() {
  std::filesystem::remove(options_.log);
  LABREC_ASSIGN_OR_RETURN(process_, test::ChildProcess::Start(options_));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (process_->Running() && std::chrono::steady_clock::now() < deadline) {
    if (absl::StrContains(Log(), kHammering)) return absl::OkStatus();
    std::this_thread::sleep_for(kPollEvery);
  }
  return absl::UnavailableError(absl::StrCat("the hammering process gets no answer: ", Log()));
}

absl::Status HammerProcess::Stop() {
  LABREC_ASSIGN_OR_RETURN(const int status, process_->Terminate(kPatience));
  const std::string log = Log();
  const auto json = nlohmann::json::parse(log.substr(std::min(log.find('{'), log.size())), nullptr, false);
  if (status != 0 || !json.is_object()) {
    return absl::InternalError(absl::StrCat("the hammering process ended with ", status, ": ", log));
  }
  counts_.answered += json.value("answered", uint64_t{0});
  counts_.refused += json.value("refused", uint64_t{0});
  counts_.cpu_seconds += json.value("cpu_seconds", 0.0);
  return absl::OkStatus();
}

}  // namespace labrec::bench
