// Runs random histories of a realm on two hosts and reports what did not fit: tools/test --standby-seeds N.

#include <algorithm>
#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"

#include "tests/fault/standby/standby_sweep.h"
#include "tests/support/process/seed_arguments.h"

namespace {

void PrintSeconds(const char* blow, const char* what, std::vector<double> took) {
  if (took.empty()) return;
  std::sort(took.begin(), took.end());
  std::printf("%-15s %4zu times; seconds %s: median %.2f, 95 %% %.2f, most %.2f\n", blow, took.size(), what,
              took[took.size() / 2], took[took.size() * 95 / 100], took.back());
}

void Print(const labrec::test::StandbyReport& report, double seconds) {
  std::printf("%llu histories, %llu takeovers, %llu calls answered, %zu violations, %.0f s\n",
              static_cast<unsigned long long>(report.histories),
              static_cast<unsigned long long>(report.takeovers),
              static_cast<unsigned long long>(report.calls), report.violations.size(), seconds);
  constexpr const char* kNames[] = {"host killed", "primary killed", "both killed", "host hangs"};
  for (int blow = 0; blow < labrec::test::kBlows; ++blow) {
    PrintSeconds(kNames[blow], "until a host answered", report.seconds_to_serve[blow]);
    if (blow == 1 || blow == 2)
      PrintSeconds("", "of it after PostgreSQL", report.seconds_after_servers[blow]);
  }
  for (const std::string& violation : report.violations) std::printf("VIOLATION %s\n", violation.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  labrec::test::SeedArguments seeds(20);
  double slow = 1e9;
  const auto tell_slow = [&](const std::string& value) { return absl::SimpleAtod(value, &slow); };
  if (!seeds.Parse(argc, argv, {}, {{"--tell-slow", tell_slow}})) {
    std::fprintf(stderr,
                 "usage: standby_sweep [--seeds N] [--first S] [--seconds BUDGET] [--tell-slow SECONDS]\n");
    return 2;
  }
  auto sweep = labrec::test::StandbySweep::Make(slow);
  if (!sweep.ok()) {
    std::fprintf(stderr, "%s\n", sweep.status().ToString().c_str());
    return 1;
  }
  labrec::test::StandbyReport report;
  absl::Status failed;
  seeds.Run([&](uint64_t seed) {
    failed = (*sweep)->RunHistory(seed, report);
    const bool goes_on = failed.ok() && report.violations.empty();
    if (!goes_on) std::printf("at seed %llu\n", static_cast<unsigned long long>(seed));
    return goes_on;
  });
  Print(report, seeds.seconds());
  if (!failed.ok()) std::printf("FAILED %s\n", failed.ToString().c_str());
  return failed.ok() && report.violations.empty() && report.takeovers > 0 ? 0 : 1;
}
