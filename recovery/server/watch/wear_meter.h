#pragma once

#include <filesystem>
#include <mutex>

#include "absl/status/status.h"

#include "hsm/base/clock.h"
#include "recovery/engine/status.h"
#include "recovery/server/watch/wear_history.h"

namespace labrec::recovery {

// Counts the anchor device's durable writes over all runs, in a small file beside the ledger. What a run that
// was killed did not write down is made up for from the ledger's epochs, but for its claim. The file serves
// the operator's planning only: where it cannot be written the log says so, and counting goes on in memory;
// where it is not there or cannot be read, as after a restore, the log says so and the count goes on from the
// ledger's epoch, as each epoch took a write at least. Threads: any.
class WearMeter {
 public:
  // `start` is the engine's status when it had started. `rated_endurance` 0: not known.
  WearMeter(std::filesystem::path path, const Clock& clock, uint64_t rated_endurance,
            const EngineStatus& start);

  // Takes a sample, and writes the file if the last time is a minute ago.
  void Note(const EngineStatus& status);
  // Writes the file now.
  void Save(const EngineStatus& status);
  // With so many writes since the start.
  WearFigures Figures(uint64_t writes_since_start) const;

 private:
  absl::Status Load();
  void MakeUp(const EngineStatus& start);
  void BeginAnew(const absl::Status& why, const EngineStatus& start);
  void SaveLocked(const EngineStatus& status);

  const std::filesystem::path path_;
  const Clock& clock_;
  const uint64_t rated_endurance_;
  mutable std::mutex mutex_;  // guards what follows
  uint64_t before_ = 0;       // writes of earlier runs
  uint64_t saved_epoch_ = 0;
  int64_t counted_since_ms_ = 0;
  int64_t saved_at_ms_ = 0;
  WearHistory history_;
};

}  // namespace labrec::recovery
