// endurance_bench: a whole realm under load for long, looked at second by second.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kCliff = 5;  // times the median second's p99.9

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSwtpm;
  size_t clients = 64;
  size_t connections = 8;
  double minutes = 60;
  uint64_t records = 0;
  bool json = false;
};

struct Second {
  uint64_t recoveries = 0;
  double p50 = 0, p999 = 0;  // of Evaluate, in ms; 0 where nothing was answered
  double memory_mib = 0;
  double daemon_cpu_s = 0;
};

// Closes each second when the first answer after it comes.
class SecondBySecond : public LoadWatcher {
 public:
  explicit SecondBySecond(BenchRealm& realm) : realm_(realm), cpu_(realm.CpuSeconds()) {}

  void OnEvaluated(double milliseconds) override {
    Advance();
    evaluate_ms_.push_back(milliseconds);
  }
  void OnUnlocked() override {
    Advance();
    ++recoveries_;
  }
  const std::vector<Second>& seconds() const { return seconds_; }

 private:
  void Advance() {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(SteadyClock::now() - begun_);
    while (seconds_.size() < static_cast<size_t>(passed.count())) Close();
  }

  void Close() {
    const double cpu = realm_.CpuSeconds();
    seconds_.push_back({recoveries_, Percentile(evaluate_ms_, 0.5), Percentile(evaluate_ms_, 0.999),
                        realm_.MemoryMib(), cpu - cpu_});
    cpu_ = cpu;
    recoveries_ = 0;
    evaluate_ms_.clear();
  }

  BenchRealm& realm_;
  const SteadyClock::time_point begun_ = SteadyClock::now();
  std::vector<Second> seconds_;
  std::vector<double> evaluate_ms_;
  uint64_t recoveries_ = 0;
  double cpu_ = 0;
};

// The median of a figure of seconds `from` to before `to`.
template <typename T>
double MedianOf(const std::vector<Second>& seconds, T Second::*figure, size_t from, size_t to) {
  std::vector<double> values;
  for (size_t i = from; i < to; ++i) values.push_back(static_cast<double>(seconds[i].*figure));
  return Percentile(values, 0.5);
}

template <typename T>
Json Column(const std::vector<Second>& seconds, T Second::*figure) {
  Json column = Json::array();
  for (const Second& second : seconds) column.push_back(Rounded(static_cast<double>(second.*figure)));
  return column;
}

// The first tenth warms up; then the first fifth of the rest is put against the last one.
Json Summary(const std::vector<Second>& seconds) {
  const size_t all = seconds.size();
  const size_t warm = all / 10;
  const size_t fifth = std::max<size_t>(1, (all - warm) / 5);
  const auto pair = [&](auto figure) {
    return Json{{"first_fifth", Rounded(MedianOf(seconds, figure, warm, warm + fifth))},
                {"last_fifth", Rounded(MedianOf(seconds, figure, all - fifth, all))}};
  };
  const double usual = MedianOf(seconds, &Second::p999, warm, all);
  uint64_t cliffs = 0;
  double worst = 0;
  for (size_t i = warm; i < all; ++i) {
    worst = std::max(worst, seconds[i].p999);
    if (seconds[i].p999 > kCliff * usual || seconds[i].recoveries == 0) ++cliffs;
  }
  return Json{
      {"recoveries_per_s", pair(&Second::recoveries)}, {"evaluate_p50_ms", pair(&Second::p50)},
      {"evaluate_p999_ms", pair(&Second::p999)},       {"memory_mib", pair(&Second::memory_mib)},
      {"worst_second_p999_ms", Rounded(worst)},        {"seconds_beyond_5_times_the_usual_p999", cliffs}};
}

absl::StatusOr<Json> Measure(const Options& options) {
  LABREC_ASSIGN_OR_RETURN(const auto realm, BenchRealm::Start(options.kind, Latency::kSimulator,
                                                              Contents{options.records, 0, {}}));
  LABREC_ASSIGN_OR_RETURN(const auto connections, realm->Open(options.connections));
  LABREC_ASSIGN_OR_RETURN(const auto accounts, realm->Register(options.clients));
  LABREC_ASSIGN_OR_RETURN(const DaemonCounts before, realm->Counts());
  SecondBySecond watcher(*realm);
  const std::chrono::milliseconds duration(static_cast<int64_t>(options.minutes * 60'000));
  LABREC_ASSIGN_OR_RETURN(const LoadResult load, RunClosedLoops(connections, accounts, duration, &watcher));
  LABREC_ASSIGN_OR_RETURN(const DaemonCounts after, realm->Counts());
  const std::vector<Second>& seconds = watcher.seconds();
  if (seconds.size() < 10) return absl::DeadlineExceededError("fewer than ten seconds had answers");
  const auto guesses = static_cast<double>(std::max<uint64_t>(1, after.guesses - before.guesses));
  return Json{{"device", options.kind == test::SimulatorKind::kSwtpm ? "swtpm" : "softhsm2"},
              {"clients", options.clients},
              {"minutes", Rounded(load.seconds / 60)},
              {"recoveries", load.recoveries},
              {"recoveries_per_s", Rounded(load.RecoveriesPerSecond())},
              {"anchors_per_guess", Rounded(static_cast<double>(after.anchors - before.anchors) / guesses)},
              {"summary", Summary(seconds)},
              {"by_second",
               {{"recoveries", Column(seconds, &Second::recoveries)},
                {"evaluate_p50_ms", Column(seconds, &Second::p50)},
                {"evaluate_p999_ms", Column(seconds, &Second::p999)},
                {"memory_mib", Column(seconds, &Second::memory_mib)},
                {"daemon_cpu_s", Column(seconds, &Second::daemon_cpu_s)}}}};
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Keeps a whole realm under load for long and says of each second how many recoveries it had, the "
      "median "
      "and the 99.9th percentile of Evaluate, the daemon's resident memory and its processor time: whether "
      "memory stays flat and checkpoints hold nobody up. tools/bench/report draws it.");
  AddDeviceOption(app, options.kind);
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 10000));
  app.add_option("--connections", options.connections, "that the clients share")->check(CLI::Range(1, 1000));
  app.add_option("--minutes", options.minutes, "of load")->check(CLI::Range(0.2, 6000.0));
  app.add_option("--records", options.records, "that lie in the ledger before it starts");
  app.add_flag("--json", options.json, "JSON instead of a table; without it the seconds are left out");
  CLI11_PARSE(app, argc, argv);
  absl::StatusOr<Json> result = Measure(options);
  if (result.ok() && !options.json) result->erase("by_second");
  return Print(result, options.json ? Format::kJson : Format::kTable);
}
