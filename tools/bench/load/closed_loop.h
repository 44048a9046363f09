#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "tests/support/realm/raw_account.h"
#include "tools/bench/load/grpc_connection.h"

namespace labrec::bench {

// What a load did. Latencies are milliseconds.
struct LoadResult {
  double seconds = 0;
  uint64_t recoveries = 0;  // Evaluate and Unlock, both answered
  uint64_t guesses = 0;     // Evaluates answered
  std::vector<double> evaluate_ms;
  std::vector<double> unlock_ms;

  double RecoveriesPerSecond() const { return static_cast<double>(recoveries) / seconds; }
};

// The value below which the fraction `p` (0..1) of `values` lies; 0 for none. Sorts `values`.
double Percentile(std::vector<double>& values, double p);

// Sees every answer when it comes, on the load's thread, which it holds up.
class LoadWatcher {
 public:
  virtual ~LoadWatcher() = default;
  virtual void OnEvaluated(double milliseconds) = 0;
  virtual void OnUnlocked() = 0;
};

// Runs one closed loop per account for `duration`: Evaluate, wait, Unlock, wait, again. The first error of
// any loop ends the load. `connections` are used in turn, all on this thread. With a `watcher` latencies are
// told to it alone, and not kept.
absl::StatusOr<LoadResult> RunClosedLoops(const std::vector<std::unique_ptr<GrpcConnection>>& connections,
                                          const std::vector<std::unique_ptr<test::RawAccount>>& accounts,
                                          std::chrono::milliseconds duration, LoadWatcher* watcher = nullptr);

}  // namespace labrec::bench
