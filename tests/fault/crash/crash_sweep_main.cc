// Runs random crash histories and reports what did not fit: tools/test --crash-seeds N.

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/fault/crash/crash_sweep.h"

namespace {

struct Arguments {
  labrec::test::SimulatorKind kind = labrec::test::SimulatorKind::kSwtpm;
  labrec::test::SweepStorage storage = labrec::test::SweepStorage::kFile;
  uint64_t seeds = 20;
  uint64_t first = 1;
  double seconds = 1e9;
};

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (name == "--device" && value == "swtpm") {
      arguments.kind = labrec::test::SimulatorKind::kSwtpm;
    } else if (name == "--device" && value == "softhsm2") {
      arguments.kind = labrec::test::SimulatorKind::kSoftHsm;
    } else if (name == "--storage" && value == "postgresql") {
      arguments.storage = labrec::test::SweepStorage::kPostgres;
    } else if (name == "--seeds") {
      arguments.seeds = std::stoull(value);
    } else if (name == "--first-seed") {
      arguments.first = std::stoull(value);
    } else if (name == "--seconds") {
      arguments.seconds = std::stod(value);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "usage: crash_sweep [--device swtpm|softhsm2] [--storage postgresql] [--seeds N] "
                 "[--first-seed S] [--seconds BUDGET]\n");
    return 2;
  }
  auto sweep = labrec::test::CrashSweep::Make(arguments.kind, arguments.storage);
  if (!sweep.ok()) {
    std::fprintf(stderr, "%s\n", sweep.status().ToString().c_str());
    return 1;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  labrec::test::SweepReport report;
  absl::Status failed;
  for (uint64_t seed = arguments.first;
       seed < arguments.first + arguments.seeds && seconds() < arguments.seconds; ++seed) {
    failed = (*sweep)->RunHistory(seed, report);
    if (!failed.ok() || !report.violations.empty()) break;
  }
  std::printf(
      "%llu histories, %llu of them ended by their crash, %llu calls answered, %llu rounds of storage shown "
      "again, %zu "
      "violations, %.0f s\n",
      static_cast<unsigned long long>(report.histories), static_cast<unsigned long long>(report.crashes),
      static_cast<unsigned long long>(report.calls), static_cast<unsigned long long>(report.replays),
      report.violations.size(), seconds());
  for (const std::string& violation : report.violations) std::printf("VIOLATION %s\n", violation.c_str());
  if (!failed.ok()) std::printf("FAILED %s\n", failed.ToString().c_str());
  return failed.ok() && report.violations.empty() && report.crashes > 0 ? 0 : 1;
}
