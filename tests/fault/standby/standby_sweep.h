#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/fault/crash/sweep_client.h"
#include "tests/fault/standby/two_hosts.h"

namespace labrec::test {

// What happens to a realm on two hosts while clients call.
enum class Blow {
  kHost,     // the host that serves is killed
  kPrimary,  // PostgreSQL's primary is killed, and its standby promoted
  kBoth,     // both
  kHang,     // the host that serves is stopped, and goes on once the other one serves
};
constexpr int kBlows = 4;

struct StandbyReport {
  uint64_t histories = 0;
  uint64_t blows[kBlows] = {};
  uint64_t takeovers = 0;
  uint64_t calls = 0;                            // answered
  std::vector<double> seconds_to_serve[kBlows];  // from the blow until a host answers
  // The part of it after PostgreSQL took writes with its standby again, where its primary was killed.
  std::vector<double> seconds_after_servers[kBlows];
  std::vector<std::string> violations;  // with the seed of each
};

// Random histories of 16 clients, who go from host to host as they are answered, and a check of every count
// after each: no guess more than the limit, and nothing acknowledged is lost. One realm for all of them.
class StandbySweep {
 public:
  // A history that takes longer than `slow` seconds to serve again prints what both hosts said meanwhile.
  static absl::StatusOr<std::unique_ptr<StandbySweep>> Make(double slow);

  // One history. An error: a failure of the test itself, or nobody serves again.
  absl::Status RunHistory(uint64_t seed, StandbyReport& report);

 private:
  StandbySweep() = default;
  absl::Status Populate();
  absl::StatusOr<std::unique_ptr<SweepRecord>> NewRecord();
  absl::Status Strike(Blow blow, StandbyReport& report);
  void TellSlow(Blow blow, double seconds, double servers, const std::string (&logs)[2]) const;
  absl::Status Settle(uint64_t seed, StandbyReport& report);
  absl::Status Restore();

  std::unique_ptr<TwoHosts> hosts_;
  double slow_ = 0;
  int serves_ = 0;
  std::vector<std::unique_ptr<SweepRecord>> owned_;   // one client each
  std::vector<std::unique_ptr<SweepRecord>> shared_;  // four clients each
  uint64_t accounts_ = 0;
  uint64_t failovers_ = 0;
};

}  // namespace labrec::test
