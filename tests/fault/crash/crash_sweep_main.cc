// Runs random crash histories and reports what did not fit: tools/test --crash-seeds N.

#include <cstdio>
#include <string>

#include "tests/fault/crash/crash_sweep.h"
#include "tests/support/process/seed_arguments.h"

int main(int argc, char** argv) {
  using labrec::test::SimulatorKind, labrec::test::SweepStorage;
  labrec::test::SeedArguments seeds(20);
  SimulatorKind kind = SimulatorKind::kSwtpm;
  SweepStorage storage = SweepStorage::kFile;
  const auto device = [&](const std::string& name) {
    kind = name == "softhsm2" ? SimulatorKind::kSoftHsm : SimulatorKind::kSwtpm;
    return name == "softhsm2" || name == "swtpm";
  };
  const auto place = [&](const std::string& name) {
    storage = SweepStorage::kPostgres;
    return name == "postgresql";
  };
  if (!seeds.Parse(argc, argv, {}, {{"--device", device}, {"--storage", place}})) {
    std::fprintf(
        stderr,
        "usage: crash_sweep [--device swtpm|softhsm2] [--storage postgresql] [--seeds N] [--first S] "
        "[--seconds BUDGET]\n");
    return 2;
  }
  auto sweep = labrec::test::CrashSweep::Make(kind, storage);
  if (!sweep.ok()) {
    std::fprintf(stderr, "%s\n", sweep.status().ToString().c_str());
    return 1;
  }
  labrec::test::SweepReport report;
  absl::Status failed;
  seeds.Run([&](uint64_t seed) {
    failed = (*sweep)->RunHistory(seed, report);
    return failed.ok() && report.violations.empty();
  });
  std::printf(
      "%llu histories, %llu of them ended by their crash, %llu calls answered, %llu rounds of storage shown "
      "again, %zu "
      "violations, %.0f s\n",
      static_cast<unsigned long long>(report.histories), static_cast<unsigned long long>(report.crashes),
      static_cast<unsigned long long>(report.calls), static_cast<unsigned long long>(report.replays),
      report.violations.size(), seeds.seconds());
  for (const std::string& violation : report.violations) std::printf("VIOLATION %s\n", violation.c_str());
  if (!failed.ok()) std::printf("FAILED %s\n", failed.ToString().c_str());
  return failed.ok() && report.violations.empty() && report.crashes > 0 ? 0 : 1;
}
