// device_bench: what a security device does per second, one operation at a time and without a service.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/device_bound.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

using std::chrono::milliseconds;

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSwtpm;
  Latency latency = Latency::kSimulator;
  std::string uri;
  uint64_t writes = 0;  // 0: not said
  double seconds = 2;
  bool json = false;
};

absl::StatusOr<Json> Measure(const Options& options) {
  LABREC_ASSIGN_OR_RETURN(
      const auto made,
      options.uri.empty()
          ? BenchDevice::Start(options.kind, options.latency)
          : BenchDevice::At(options.uri, options.writes == 0 ? BenchDevice::Wear::kSimulatorsOnly
                                                             : BenchDevice::Wear::kAnyDevice));
  hsm::Device& device = made->device();
  const milliseconds each(static_cast<int64_t>(options.seconds * 1000));
  const size_t preferred = device.evaluation_key()->preferred_batch();
  LABREC_ASSIGN_OR_RETURN(const double one, EvaluationsPerSecond(device, 1, each));
  LABREC_ASSIGN_OR_RETURN(const double grouped, EvaluationsPerSecond(device, preferred, each));
  LABREC_ASSIGN_OR_RETURN(const double derivations, DerivationsPerSecond(device, each));
  LABREC_ASSIGN_OR_RETURN(const double random, RandomReadsPerSecond(device, each));
  LABREC_ASSIGN_OR_RETURN(const double anchors,
                          AnchorsPerSecond(device, each, options.writes == 0 ? kUnlimited : options.writes));
  LABREC_ASSIGN_OR_RETURN(const double bound, DeviceBound(device, each));
  return Json{{"device", device.description().kind},
              {"model", device.description().model},
              {"firmware", device.description().firmware},
              {"parallelism", device.parallelism()},
              {"preferred_batch", preferred},
              {"evaluations_per_s", Rounded(one)},
              {"evaluations_per_s_in_preferred_batches", Rounded(grouped)},
              {"batching_gain", Rounded(grouped / one)},
              {"derivations_per_s", Rounded(derivations)},
              {"random_reads_of_32_bytes_per_s", Rounded(random)},
              {"anchors_per_s", Rounded(anchors)},
              {"recoveries_per_s_bound", Rounded(bound)},
              {"calm_recovery_ms", Rounded(1000 / derivations + 1000 / one + 1000 / anchors)}};
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Measures a security device's own operations. Rates are per second, on one thread each; the "
      "bound is what a bare loop of a recovery's commands does on all threads the device bears; a calm "
      "recovery is "
      "one derivation, one evaluation and one anchor.");
  AddDeviceOption(app, options.kind);
  AddLatencyOption(app, options.latency);
  app.add_option(
      "--uri", options.uri,
      "a device that is there already: tpm2:... or pkcs11:...; what is made on it is removed again");
  app.add_option(
         "--writes", options.writes,
         "how many of its anchor's durable writes may be spent, beside some ten for making and removing; "
         "has to be said of hardware, which they wear out")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--seconds", options.seconds, "for each operation")->check(CLI::Range(0.05, 600.0));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Measure(options), options.json ? Format::kJson : Format::kTable);
}
