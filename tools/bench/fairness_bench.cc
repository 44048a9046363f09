// fairness_bench: what others notice of one account that sends as much as it can.

#include <algorithm>
#include <chrono>
#include <vector>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/hammer.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

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
  LABREC_ASSIGN_OR_RETURN(auto realm, BenchRealm::Start(options.kind, options.latency));
  LABREC_ASSIGN_OR_RETURN(const auto connections, realm->Open(8));
  LABREC_ASSIGN_OR_RETURN(auto clients, realm->Register(options.clients));
  LABREC_ASSIGN_OR_RETURN(auto more, realm->Register(options.clients + 1));
  LABREC_ASSIGN_OR_RETURN(auto hammering, realm->Register(1));
  HammerProcess hammer(*realm, *hammering.front(), options.hammers);
  const milliseconds each(
      static_cast<int64_t>(1000 * options.seconds / static_cast<double>(3 * options.rounds)));
  LABREC_RETURN_IF_ERROR(RunClosedLoops(connections, clients, each / 2).status());
  Total quiet, one_more, hammered;
  for (size_t round = 0; round < options.rounds; ++round) {
    LABREC_ASSIGN_OR_RETURN(LoadResult result, RunClosedLoops(connections, clients, each));
    quiet.Add(result);
    LABREC_ASSIGN_OR_RETURN(result, RunClosedLoops(connections, more, each));
    one_more.Add(result);
    LABREC_RETURN_IF_ERROR(hammer.Start());
    LABREC_ASSIGN_OR_RETURN(result, RunClosedLoops(connections, clients, each));
    LABREC_RETURN_IF_ERROR(hammer.Stop());
    hammered.Add(result);
  }
  return Json{{"clients", options.clients},
              {"hammering_calls_at_a_time", options.hammers},
              {"others_p50_ratio", Ratio(hammered, quiet, 0.5)},
              {"others_p99_ratio", Ratio(hammered, quiet, 0.99)},
              {"fair_share_p50_ratio", Ratio(one_more, quiet, 0.5)},
              {"fair_share_p99_ratio", Ratio(one_more, quiet, 0.99)},
              {"hammer_answered", hammer.counts().answered},
              {"hammer_refused", hammer.counts().refused},
              {"hammer_cpu_s", Rounded(hammer.counts().cpu_seconds)},
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
      "latency with it over their latency without it, in one run, with the rate limits out of the way. It "
      "sends "
      "from a process of its own; all run on this machine, so measure where cores are free.");
  AddDeviceOption(app, options.kind);
  AddLatencyOption(app, options.latency);
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 1000));
  app.add_option("--hammers", options.hammers, "calls that one account has under way")
      ->check(CLI::Range(1, 512));
  app.add_option("--seconds", options.seconds, "of load")->check(CLI::Range(0.3, 3600.0));
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 100));
  app.add_flag("--json", options.json, "JSON instead of a table");
  HammerOrders orders;
  CLI::App* const hammer = app.add_subcommand("hammer", "The process that hammers; the others start it");
  hammer->group("");
  hammer->add_option("--address", orders.address)->required();
  hammer->add_option("--ca", orders.ca)->required();
  hammer->add_option("--element", orders.element)->required();
  hammer->add_option("--calls", orders.calls_at_a_time)->required()->check(CLI::Range(1, 512));
  CLI11_PARSE(app, argc, argv);
  if (hammer->parsed()) return RunHammer(orders);
  return Print(Measure(options), options.json ? Format::kJson : Format::kTable);
}
