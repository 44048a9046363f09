// Runs random histories of a realm on two hosts and reports what did not fit: tools/test --standby-seeds N.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "tests/fault/standby/standby_sweep.h"

namespace {

struct Arguments {
  uint64_t seeds = 20;
  uint64_t first = 1;
  double seconds = 1e9;
  double slow = 1e9;
};

bool Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--seeds") {
      arguments.seeds = std::stoull(value);
    } else if (name == "--first-seed") {
      arguments.first = std::stoull(value);
    } else if (name == "--seconds") {
      arguments.seconds = std::stod(value);
    } else if (name == "--tell-slow") {
      arguments.slow = std::stod(value);
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

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
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    std::fprintf(
        stderr,
        "usage: standby_sweep [--seeds N] [--first-seed S] [--seconds BUDGET] [--tell-slow SECONDS]\n");
    return 2;
  }
  auto sweep = labrec::test::StandbySweep::Make(arguments.slow);
  if (!sweep.ok()) {
    std::fprintf(stderr, "%s\n", sweep.status().ToString().c_str());
    return 1;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  labrec::test::StandbyReport report;
  absl::Status failed;
  for (uint64_t seed = arguments.first;
       seed < arguments.first + arguments.seeds && seconds() < arguments.seconds; ++seed) {
    failed = (*sweep)->RunHistory(seed, report);
    if (!failed.ok() || !report.violations.empty()) {
      std::printf("at seed %llu\n", static_cast<unsigned long long>(seed));
      break;
    }
  }
  Print(report, seconds());
  if (!failed.ok()) std::printf("FAILED %s\n", failed.ToString().c_str());
  return failed.ok() && report.violations.empty() && report.takeovers > 0 ? 0 : 1;
}
