#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/fault/crash/sweep_client.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/storage/postgres.h"
#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::test {

// How one history ends.
enum class Ending {
  kDurableStep,  // the daemon is killed before or after its k-th write, sync, truncation ... of its folder
  kPowerLoss,    // likewise, and writes that were not synced are lost or kept as the seed says
  kTpmCommand,   // the daemon is killed before the TPM sees its k-th command, or before it sees the answer
  kTpmPower,  // the TPM is killed (an unorderly shutdown) at a random moment, then starts again; the daemon
              // lives
  kServer,  // PostgreSQL and all its backends are killed at a random moment, then it starts again; the daemon
            // lives or ends, as it finds
  kDaemon,  // the daemon is killed at a random moment; its session's transaction is wherever it is
};

enum class SweepStorage { kFile, kPostgres };

struct SweepReport {
  uint64_t histories = 0;
  uint64_t crashes = 0;                 // histories that did end by their crash
  uint64_t calls = 0;                   // answered
  uint64_t replays = 0;                 // rounds of storage shown again
  std::vector<std::string> violations;  // with the seed of each
};

// Random histories of 16 clients against one real daemon that is ended and started again, and a check of
// every count after each. One realm serves all histories of a sweep, so that its ledger grows old. On a TPM,
// after some of them, storage is shown again as it was, and its runs are killed.
class CrashSweep {
 public:
  static absl::StatusOr<std::unique_ptr<CrashSweep>> Make(SimulatorKind kind,
                                                          SweepStorage storage = SweepStorage::kFile);
  ~CrashSweep();

  // One history. An error is a failure of the test itself or a daemon that does not come back.
  absl::Status RunHistory(uint64_t seed, SweepReport& report);

 private:
  explicit CrashSweep(SimulatorKind kind) : kind_(kind) {}
  absl::Status Populate();
  absl::StatusOr<std::unique_ptr<SweepRecord>> NewRecord();
  absl::Status StartDoomed(Ending ending, std::mt19937_64& random);
  absl::StatusOr<uint64_t> RunClients(uint64_t seed, Ending ending, std::mt19937_64& random);
  absl::Status Settle(uint64_t seed, SweepReport& report);
  absl::Status Replay(std::mt19937_64& random, SweepReport& report, uint64_t seed);

  absl::Status EndMeanwhile(Ending ending, std::mt19937_64& random);

  SimulatorKind kind_;
  std::unique_ptr<PostgresServer> server_;  // null where the ledger is a file
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<TpmProxy> proxy_;
  std::atomic<int64_t> commands_to_live_ = -1;  // TPM commands until the daemon is killed; negative: never
  std::atomic<bool> lose_reply_ = false;
  std::vector<std::unique_ptr<SweepRecord>> owned_;   // one client each
  std::vector<std::unique_ptr<SweepRecord>> shared_;  // four clients each
  uint64_t accounts_ = 0;
};

}  // namespace labrec::test
