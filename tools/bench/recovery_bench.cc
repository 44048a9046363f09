// recovery_bench: a whole realm under load, against what its device alone allows in the same run.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/calm.h"
#include "tools/bench/device_bound.h"
#include "tools/bench/disk.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

using std::chrono::milliseconds;

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSwtpm;
  Latency latency = Latency::kSimulator;
  size_t clients = 64;
  size_t connections = 8;
  double seconds = 20;
  size_t rounds = 4;
  double idle_seconds = 5;
  uint64_t records = 0;
  Storage storage = Storage::kFile;
  bool json = false;
};

milliseconds Millis(double seconds) {
  return milliseconds(static_cast<int64_t>(seconds * 1000));
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// One fsync, one anchor, one derivation and one evaluation, each alone; milliseconds.
struct IdleParts {
  double durable_write, anchor, derivation, evaluation;
  double Sum() const { return durable_write + anchor + derivation + evaluation; }
};

class Run {
 public:
  explicit Run(const Options& options) : options_(options) {}
  absl::StatusOr<Json> Measure();

 private:
  absl::Status Start();
  absl::Status Idle();
  absl::StatusOr<IdleParts> MeasureParts();
  absl::Status Load();
  Json Result();

  const Options options_;
  std::unique_ptr<BenchRealm> realm_;
  std::unique_ptr<BenchDevice> bare_;
  std::vector<std::unique_ptr<GrpcConnection>> connections_;
  std::vector<std::unique_ptr<test::RawAccount>> accounts_;

  std::vector<IdleParts> parts_;
  std::vector<double> idle_ratios_, idle_evaluate_ms_, idle_unlock_ms_;
  std::vector<double> bounds_, rates_, ratios_;
  LoadResult load_;
  double cpu_seconds_ = 0;
  DaemonCounts before_, after_;
  uint64_t log_bytes_ = 0;  // of PostgreSQL, during the load
  double rotation_s_ = 0;   // of the period key, after it; 0: nothing is sealed
  Json calm_;               // AnchorsInCalm
};

absl::Status Run::Start() {
  LABREC_ASSIGN_OR_RETURN(realm_,
                          BenchRealm::Start(options_.kind, options_.latency, {options_.records, 0, {}},
                                            BenchRealm::Pages::kNone, options_.storage));
  LABREC_ASSIGN_OR_RETURN(calm_, AnchorsInCalm(*realm_));
  LABREC_ASSIGN_OR_RETURN(bare_, BenchDevice::Start(options_.kind, options_.latency));
  LABREC_ASSIGN_OR_RETURN(connections_, realm_->Open(options_.connections));
  LABREC_ASSIGN_OR_RETURN(accounts_, realm_->Register(options_.clients));
  return absl::OkStatus();
}

absl::StatusOr<IdleParts> Run::MeasureParts() {
  constexpr int kDurableWrites = 30;
  const milliseconds each = Millis(options_.idle_seconds / 16);
  hsm::Device& device = bare_->device();
  LABREC_ASSIGN_OR_RETURN(std::vector<double> writes,
                          DurableWrites(realm_->fixture().state(), kDurableWrites));
  LABREC_ASSIGN_OR_RETURN(const double anchors, AnchorsPerSecond(device, each));
  LABREC_ASSIGN_OR_RETURN(const double derivations, DerivationsPerSecond(device, each));
  LABREC_ASSIGN_OR_RETURN(const double evaluations, EvaluationsPerSecond(device, 1, each));
  return IdleParts{Percentile(writes, 0.5), 1000 / anchors, 1000 / derivations, 1000 / evaluations};
}

// One client alone, in turns with the parts its latency is made of.
absl::Status Run::Idle() {
  std::vector<std::unique_ptr<test::RawAccount>> one;
  one.push_back(std::move(accounts_.back()));
  for (size_t round = 0; round < options_.rounds; ++round) {
    LABREC_ASSIGN_OR_RETURN(const IdleParts before, MeasureParts());
    LABREC_ASSIGN_OR_RETURN(LoadResult result,
                            RunClosedLoops(connections_, one, Millis(options_.idle_seconds / 4)));
    LABREC_ASSIGN_OR_RETURN(const IdleParts after, MeasureParts());
    parts_.push_back(before);
    parts_.push_back(after);
    idle_ratios_.push_back(Median(result.evaluate_ms) / ((before.Sum() + after.Sum()) / 2));
    idle_evaluate_ms_.insert(idle_evaluate_ms_.end(), result.evaluate_ms.begin(), result.evaluate_ms.end());
    idle_unlock_ms_.insert(idle_unlock_ms_.end(), result.unlock_ms.begin(), result.unlock_ms.end());
  }
  accounts_.back() = std::move(one.front());
  return absl::OkStatus();
}

void Append(const LoadResult& part, LoadResult& whole) {
  whole.seconds += part.seconds;
  whole.recoveries += part.recoveries;
  whole.guesses += part.guesses;
  whole.evaluate_ms.insert(whole.evaluate_ms.end(), part.evaluate_ms.begin(), part.evaluate_ms.end());
  whole.unlock_ms.insert(whole.unlock_ms.end(), part.unlock_ms.begin(), part.unlock_ms.end());
}

// Load and bare loop in turns, so that a machine that is busy otherwise disturbs both alike.
absl::Status Run::Load() {
  const milliseconds load = Millis(options_.seconds / static_cast<double>(options_.rounds));
  const milliseconds bare = load / 2;
  LABREC_ASSIGN_OR_RETURN(const LoadResult warm_up, RunClosedLoops(connections_, accounts_, load / 4));
  LABREC_ASSIGN_OR_RETURN(before_, realm_->Counts());
  LABREC_ASSIGN_OR_RETURN(const uint64_t log_before, realm_->LogBytes());
  LABREC_ASSIGN_OR_RETURN(double bound, DeviceBound(bare_->device(), bare));
  bounds_.push_back(bound);
  for (size_t round = 0; round < options_.rounds; ++round) {
    const double cpu = realm_->CpuSeconds();
    LABREC_ASSIGN_OR_RETURN(const LoadResult result, RunClosedLoops(connections_, accounts_, load));
    cpu_seconds_ += realm_->CpuSeconds() - cpu;
    LABREC_ASSIGN_OR_RETURN(bound, DeviceBound(bare_->device(), bare));
    bounds_.push_back(bound);
    rates_.push_back(result.RecoveriesPerSecond());
    ratios_.push_back(rates_.back() / ((bounds_[round] + bounds_[round + 1]) / 2));
    Append(result, load_);
  }
  LABREC_ASSIGN_OR_RETURN(after_, realm_->Counts());
  LABREC_ASSIGN_OR_RETURN(const uint64_t log_after, realm_->LogBytes());
  log_bytes_ = log_after - log_before;
  if (options_.storage != Storage::kFile) {
    LABREC_ASSIGN_OR_RETURN(rotation_s_, realm_->RotatePeriodKey());
  }
  return absl::OkStatus();
}

Json Run::Result() {
  const auto part = [this](double IdleParts::*member) {
    std::vector<double> values;
    for (const IdleParts& parts : parts_) values.push_back(parts.*member);
    return Rounded(Percentile(values, 0.5));
  };
  const auto anchors = static_cast<double>(after_.anchors - before_.anchors);
  const auto guesses = static_cast<double>(std::max<uint64_t>(1, after_.guesses - before_.guesses));
  return Json{{"device", bare_->device().description().kind},
              {"latency", options_.latency == Latency::kHardware ? "hardware" : "simulator"},
              {"clients", options_.clients},
              {"connections", options_.connections},
              {"seconds", Rounded(load_.seconds)},
              {"rows", after_.rows},
              {"recoveries", load_.recoveries},
              {"recoveries_per_s", Rounded(load_.RecoveriesPerSecond())},
              {"device_bound_per_s", Rounded(Median(bounds_))},
              {"device_bound_ratio", Rounded(Median(ratios_))},
              {"device_bound_ratios", ratios_},
              {"daemon_cpu_us_per_recovery",
               Rounded(1e6 * cpu_seconds_ / static_cast<double>(std::max<uint64_t>(1, load_.recoveries)))},
              {"anchors_per_guess", Rounded(anchors / guesses)},
              {"anchors_in_calm", calm_},
              {"postgresql_log_bytes_per_recovery",
               Rounded(static_cast<double>(log_bytes_) /
                       static_cast<double>(std::max<uint64_t>(1, load_.recoveries)))},
              {"evaluate_ms", Percentiles(load_.evaluate_ms)},
              {"unlock_ms", Percentiles(load_.unlock_ms)},
              {"idle_latency_ratio", Rounded(Median(idle_ratios_))},
              {"idle_latency_ratios", idle_ratios_},
              {"idle_evaluate_ms", Percentiles(idle_evaluate_ms_)},
              {"idle_unlock_ms", Percentiles(idle_unlock_ms_)},
              {"idle_parts_ms",
               {{"durable_write", part(&IdleParts::durable_write)},
                {"anchor", part(&IdleParts::anchor)},
                {"derivation", part(&IdleParts::derivation)},
                {"evaluation", part(&IdleParts::evaluation)}}},
              {"start_s", Rounded(realm_->start_seconds())},
              {"period_key_rotation_s", Rounded(rotation_s_)},
              {"peak_memory_mib", Rounded(realm_->PeakMemoryMib())}};
}

absl::StatusOr<Json> Run::Measure() {
  LABREC_RETURN_IF_ERROR(Start());
  LABREC_RETURN_IF_ERROR(Idle());
  LABREC_RETURN_IF_ERROR(Load());
  return Result();
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Measures a whole realm: the daemon on a simulator, gRPC over loopback with TLS 1.3, clients that "
      "call Evaluate and Unlock in turn and wait for every answer. A bare loop on a second simulator "
      "of the same kind says, in the same run, what the device alone allows.");
  AddDeviceOption(app, options.kind);
  AddLatencyOption(app, options.latency);
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 10000));
  app.add_option("--connections", options.connections, "that the clients share")->check(CLI::Range(1, 1000));
  app.add_option("--seconds", options.seconds, "of load")->check(CLI::Range(0.2, 3600.0));
  app.add_option("--rounds", options.rounds, "load and bare loop take turns")->check(CLI::Range(1, 100));
  app.add_option("--idle-seconds", options.idle_seconds, "of one client alone")
      ->check(CLI::Range(0.2, 600.0));
  app.add_option("--records", options.records, "that lie in the ledger before it starts");
  app.add_option("--storage", options.storage,
                 "file, sealed-file (under a period key, as PostgreSQL's always is), postgresql, or "
                 "postgresql-standby: with a synchronous one")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Storage>{{"file", Storage::kFile},
                                         {"sealed-file", Storage::kSealedFile},
                                         {"postgresql", Storage::kPostgres},
                                         {"postgresql-standby", Storage::kPostgresWithStandby}}));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Run(options).Measure(), options.json ? Format::kJson : Format::kTable);
}
