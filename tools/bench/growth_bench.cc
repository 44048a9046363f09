// growth_bench: what a large ledger costs: Evaluate, start-up and memory, against a small one in the same
// run.

#include <algorithm>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tests/support/realm/realm_stub.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSwtpm;
  uint64_t small = 1000;
  uint64_t large = 1'000'000;
  size_t sample = 400;
  size_t rounds = 8;
  bool json = false;
};

// One realm's side of the comparison.
struct Side {
  std::unique_ptr<BenchRealm> realm;
  std::unique_ptr<test::RawAccount::Stub> stub;
  std::vector<WalkedRecord> sample;
  std::vector<double> evaluate_ms;
  double memory_at_start_mib = 0;
};

absl::StatusOr<Side> Prepare(const Options& options, uint64_t records) {
  Side side;
  LABREC_ASSIGN_OR_RETURN(side.realm, BenchRealm::Start(options.kind, Latency::kSimulator, records));
  side.memory_at_start_mib = side.realm->PeakMemoryMib();
  side.stub = test::NewStub(side.realm->fixture());
  side.sample = side.realm->SampleFilled(options.sample);
  LABREC_RETURN_IF_ERROR(ShowTokens(*side.stub, side.sample));
  return side;
}

absl::Status Walk(Side& side, size_t round) {
  LABREC_ASSIGN_OR_RETURN(const LoadResult walked, WalkRecords(*side.stub, side.sample, round));
  side.evaluate_ms.insert(side.evaluate_ms.end(), walked.evaluate_ms.begin(), walked.evaluate_ms.end());
  return absl::OkStatus();
}

Json Describe(Side& side, uint64_t records) {
  return Json{{"records", records},
              {"fill_s", Rounded(side.realm->fill_seconds())},
              {"ledger_mib", Rounded(static_cast<double>(std::filesystem::file_size(
                                         side.realm->fixture().state() / "ledger.sqlite")) /
                                     (1 << 20))},
              {"start_s", Rounded(side.realm->start_seconds())},
              {"memory_at_start_mib", Rounded(side.memory_at_start_mib)},
              {"peak_memory_mib", Rounded(side.realm->PeakMemoryMib())},
              {"evaluate_ms", Percentiles(side.evaluate_ms)}};
}

absl::StatusOr<Json> Measure(const Options& options) {
  LABREC_ASSIGN_OR_RETURN(Side large, Prepare(options, options.large));
  LABREC_ASSIGN_OR_RETURN(Side small, Prepare(options, options.small));
  for (size_t round = 0; round < options.rounds; ++round) {
    LABREC_RETURN_IF_ERROR(Walk(small, round));
    LABREC_RETURN_IF_ERROR(Walk(large, round));
  }
  const double ratio = Percentile(large.evaluate_ms, 0.5) / Percentile(small.evaluate_ms, 0.5);
  return Json{{"evaluate_growth", Rounded(ratio)},
              {"small", Describe(small, options.small)},
              {"large", Describe(large, options.large)}};
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Compares a realm with a large ledger to one with a small one: one Evaluate at a time on records "
      "spread over each, in turns.");
  app.add_option("--device", options.kind, "swtpm or softhsm2")
      ->transform(CLI::CheckedTransformer(DeviceNames()));
  app.add_option("--small", options.small, "records in the small ledger")->check(CLI::Range(1, 100'000'000));
  app.add_option("--large", options.large, "records in the large ledger")->check(CLI::Range(1, 100'000'000));
  app.add_option("--sample", options.sample, "records that are evaluated")->check(CLI::Range(1, 100'000));
  app.add_option("--rounds", options.rounds, "evaluations of each")->check(CLI::Range(1, 16));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Measure(options), options.json ? Format::kJson : Format::kTable);
}
