// growth_bench: what a large ledger costs: Evaluate, start-up, memory, disk and verifying it all, against a
// small one in the same run.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "hsm/base/status_macros.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_stub.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSwtpm;
  uint64_t small = 1000;
  uint64_t accounts = 1'000'000;
  uint64_t made_for = 0;
  std::filesystem::path folder;
  size_t sample = 400;
  size_t rounds = 8;
  bool json = false;
};

// One realm's side of the comparison.
struct Side {
  uint64_t records = 0;
  std::unique_ptr<BenchRealm> realm;
  std::unique_ptr<test::RawAccount::Stub> stub;
  std::vector<WalkedRecord> sample;
  std::vector<double> evaluate_ms;
  double memory_at_start_mib = 0;
  Json realm_show;
};

absl::StatusOr<Json> Ask(const std::vector<std::string>& words) {
  std::vector<std::string> command = {test::RealmFixture::Program("labyrinth-admin")};
  command.insert(command.end(), words.begin(), words.end());
  command.emplace_back("--json");
  const test::FinishedCommand ended = test::RunCommand(command);
  Json json = Json::parse(ended.out, nullptr, false);
  if (ended.code == 0 && json.is_object()) return json;
  return absl::InternalError("labyrinth-admin " + words.front() + ": " + ended.err);
}

absl::StatusOr<Side> Prepare(const Options& options, Contents contents) {
  Side side;
  side.records = contents.records;
  LABREC_ASSIGN_OR_RETURN(side.realm,
                          BenchRealm::Start(options.kind, Latency::kSimulator, std::move(contents)));
  side.memory_at_start_mib = side.realm->PeakMemoryMib();
  side.stub = test::NewStub(side.realm->fixture());
  side.sample = side.realm->SampleFilled(options.sample);
  LABREC_ASSIGN_OR_RETURN(side.realm_show, Ask({"realm", "show", "--state", side.realm->fixture().state()}));
  LABREC_RETURN_IF_ERROR(ShowTokens(*side.stub, side.sample));
  return side;
}

absl::Status Walk(Side& side, size_t round) {
  LABREC_ASSIGN_OR_RETURN(const LoadResult walked, WalkRecords(*side.stub, side.sample, round));
  side.evaluate_ms.insert(side.evaluate_ms.end(), walked.evaluate_ms.begin(), walked.evaluate_ms.end());
  return absl::OkStatus();
}

double MibOf(const std::filesystem::path& path) {
  std::error_code none;
  const uintmax_t bytes = std::filesystem::file_size(path, none);
  return none ? 0 : static_cast<double>(bytes) / (1 << 20);
}

// Stops the daemon, and has every bucket and row of its ledger checked.
absl::StatusOr<Json> VerifyOffline(Side& side) {
  LABREC_RETURN_IF_ERROR(side.realm->fixture().StopDaemon().status());
  return Ask({"anchor", "verify", "--state", side.realm->fixture().state()});
}

absl::StatusOr<Json> Describe(Side& side) {
  const double start = side.realm->start_seconds();
  const double peak = side.realm->PeakMemoryMib();
  LABREC_ASSIGN_OR_RETURN(const Json verified, VerifyOffline(side));
  const double mib = MibOf(side.realm->fixture().state() / "ledger.sqlite");
  return Json{{"records", side.records},
              {"made_for", side.realm_show.value("accounts_made_for", uint64_t{0})},
              {"bucket_exponent", side.realm_show.value("bucket_exponent", 0)},
              {"fill_s", Rounded(side.realm->fill_seconds())},
              {"ledger_mib", Rounded(mib)},
              {"disk_kib_per_record", Rounded(1024 * mib / static_cast<double>(side.records))},
              {"start_s", Rounded(start)},
              {"memory_at_start_mib", Rounded(side.memory_at_start_mib)},
              {"peak_memory_mib", Rounded(peak)},
              {"verify_all_s", Rounded(verified.value("seconds", 0.0))},
              {"verify_rows_per_s", Rounded(verified.value("rows_per_second", 0.0))},
              {"evaluate_ms", Percentiles(side.evaluate_ms)}};
}

absl::StatusOr<Json> Measure(const Options& options) {
  LABREC_ASSIGN_OR_RETURN(Side large, Prepare(options, {options.accounts, options.made_for, options.folder}));
  LABREC_ASSIGN_OR_RETURN(Side small, Prepare(options, {options.small, options.small, {}}));
  for (size_t round = 0; round < options.rounds; ++round) {
    LABREC_RETURN_IF_ERROR(Walk(small, round));
    LABREC_RETURN_IF_ERROR(Walk(large, round));
  }
  const double ratio = Percentile(large.evaluate_ms, 0.5) / Percentile(small.evaluate_ms, 0.5);
  Json result = {{"evaluate_growth", Rounded(ratio)}};
  LABREC_ASSIGN_OR_RETURN(result["small"], Describe(small));
  LABREC_ASSIGN_OR_RETURN(result["large"], Describe(large));
  return result;
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Compares a realm with a large ledger to one with a small one: one Evaluate at a time on records "
      "spread over each, in turns; then start-up, memory, disk, and how long \"labyrinth-admin anchor "
      "verify\" "
      "takes to check every bucket and row.");
  AddDeviceOption(app, options.kind);
  app.add_option("--small", options.small, "accounts in the small ledger, with one record each")
      ->check(CLI::Range(1, 20'000'000));
  app.add_option("--accounts,--large", options.accounts, "accounts in the large ledger")
      ->check(CLI::Range(1, 20'000'000));
  app.add_option("--made-for", options.made_for, "accounts that its realm is made for (default: as many)")
      ->check(CLI::Range(1, 20'000'000));
  app.add_option("--folder", options.folder,
                 "where the large realm lies, on which disk, and stays: a fill that was stopped goes on, and "
                 "more --accounts are added to those there (swtpm only; one run at a time; a short path). "
                 "Default: a temporary folder");
  app.add_option("--sample", options.sample, "records that are evaluated")->check(CLI::Range(1, 100'000));
  app.add_option("--rounds", options.rounds, "evaluations of each")->check(CLI::Range(1, 16));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Measure(options), options.json ? Format::kJson : Format::kTable);
}
