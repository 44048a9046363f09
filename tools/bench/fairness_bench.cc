// fairness_bench: what others notice of one account that sends as much as it can.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/closed_loop.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

namespace api = labyrinth::recovery::v1;
using std::chrono::milliseconds;

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSoftHsm;
  Latency latency = Latency::kSimulator;
  size_t clients = 15;
  size_t hammers = 32;  // what one account may have waiting: more are refused at once
  double seconds = 16;
  size_t rounds = 4;
  bool json = false;
};

// One account that keeps so many Evaluates of one element under way, whatever becomes of them. Such a guess
// is counted once only, but the device works for each.
class Hammer {
 public:
  Hammer(const std::vector<std::unique_ptr<test::RawAccount::Stub>>& stubs, test::RawAccount& account,
         size_t at_a_time)
      : account_(account) {
    request_.set_record(test::kRawRecord);
    request_.set_version(test::kRawVersion);
    request_.add_elements(account.NextElement());
    for (size_t i = 0; i < at_a_time; ++i) calls_.push_back(std::make_unique<Call>(*stubs[i % stubs.size()]));
  }

  void Start() {
    stopping_ = false;
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
    explicit Call(test::RawAccount::Stub& s) : stub(s) {}
    test::RawAccount::Stub& stub;
    std::optional<grpc::ClientContext> context;
    api::EvaluateResponse response;
  };

  void Send(Call& call) {
    {
      const std::lock_guard lock(mutex_);
      ++under_way_;
    }
    call.context.emplace();
    call.context->AddMetadata("authorization", account_.bearer());
    call.stub.async()->Evaluate(&*call.context, &request_, &call.response,
                                [this, &call](grpc::Status status) {
                                  ++(status.ok() ? answered_ : refused_);
                                  if (!stopping_) Send(call);
                                  const std::lock_guard lock(mutex_);
                                  if (--under_way_ == 0) changed_.notify_all();
                                });
  }

  test::RawAccount& account_;
  api::EvaluateRequest request_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> answered_ = 0, refused_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t under_way_ = 0;
};

// Loads of one kind, over all rounds.
struct Total {
  double seconds = 0;
  uint64_t recoveries = 0;
  std::vector<double> evaluate_ms;

  void Add(const LoadResult& part) {
    seconds += part.seconds;
    recoveries += part.recoveries;
    evaluate_ms.insert(evaluate_ms.end(), part.evaluate_ms.begin(), part.evaluate_ms.end());
  }
  Json Figures() {
    return {{"recoveries_per_s", Rounded(static_cast<double>(recoveries) / seconds)},
            {"evaluate_ms", Percentiles(evaluate_ms)}};
  }
};

double Ratio(Total& loaded, Total& quiet, double p) {
  return Rounded(Percentile(loaded.evaluate_ms, p) / std::max(1e-9, Percentile(quiet.evaluate_ms, p)));
}

// Three loads in turns, so that a machine that is busy otherwise disturbs all alike: the clients alone, with
// one client more of their own kind (its fair share), and with the account that hammers in its place.
absl::StatusOr<Json> Measure(const Options& options) {
  LABREC_ASSIGN_OR_RETURN(auto realm, BenchRealm::Start(options.kind, options.latency, 0));
  LABREC_ASSIGN_OR_RETURN(const auto connections, realm->Open(8));
  const auto hammer_stubs = realm->Connect(4);
  LABREC_ASSIGN_OR_RETURN(auto clients, realm->Register(options.clients));
  LABREC_ASSIGN_OR_RETURN(auto more, realm->Register(options.clients + 1));
  LABREC_ASSIGN_OR_RETURN(auto hammering, realm->Register(1));
  Hammer hammer(hammer_stubs, *hammering.front(), options.hammers);
  const milliseconds each(
      static_cast<int64_t>(1000 * options.seconds / static_cast<double>(3 * options.rounds)));
  LABREC_RETURN_IF_ERROR(RunClosedLoops(connections, clients, each / 2).status());
  Total quiet, one_more, hammered;
  for (size_t round = 0; round < options.rounds; ++round) {
    LABREC_ASSIGN_OR_RETURN(LoadResult result, RunClosedLoops(connections, clients, each));
    quiet.Add(result);
    LABREC_ASSIGN_OR_RETURN(result, RunClosedLoops(connections, more, each));
    one_more.Add(result);
    hammer.Start();
    absl::StatusOr<LoadResult> under_load = RunClosedLoops(connections, clients, each);
    hammer.Stop();
    LABREC_RETURN_IF_ERROR(under_load.status());
    hammered.Add(*under_load);
  }
  return Json{{"clients", options.clients},
              {"hammering_calls_at_a_time", options.hammers},
              {"others_p50_ratio", Ratio(hammered, quiet, 0.5)},
              {"others_p99_ratio", Ratio(hammered, quiet, 0.99)},
              {"fair_share_p50_ratio", Ratio(one_more, quiet, 0.5)},
              {"fair_share_p99_ratio", Ratio(one_more, quiet, 0.99)},
              {"hammer_answered", hammer.answered()},
              {"hammer_refused", hammer.refused()},
              {"others_alone", quiet.Figures()},
              {"others_and_one_more", one_more.Figures()},
              {"others_hammered", hammered.Figures()}};
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "One account sends as many Evaluates at a time as it is told; other clients go on as before. Their "
      "latency with it over their latency without it, in one run, with the rate limits out of the way.");
  app.add_option("--device", options.kind, "swtpm or softhsm2")
      ->transform(CLI::CheckedTransformer(DeviceNames()));
  app.add_option("--latency", options.latency, "simulator, or hardware (a discrete TPM's latencies added)")
      ->transform(CLI::CheckedTransformer(LatencyNames()));
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 1000));
  app.add_option("--hammers", options.hammers, "calls that one account has under way")
      ->check(CLI::Range(1, 512));
  app.add_option("--seconds", options.seconds, "of load")->check(CLI::Range(0.3, 3600.0));
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 100));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Measure(options), options.json ? Format::kJson : Format::kTable);
}
