#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "recovery/store/figures.h"
#include "recovery/store/postgres/link/connection.h"
#include "recovery/store/postgres/link/patience.h"
#include "recovery/store/postgres/link/pipeline.h"
#include "recovery/store/store.h"

namespace labrec::recovery::postgres {

// Writes batches by one connection, and waits until they are where they were promised.
// Threads: one at a time.
class BatchWriter {
 public:
  // Which state a batch builds on: compared and swapped with the head.
  struct Version {
    uint64_t epoch = 0;
    Bytes evidence;
  };
  struct Replicas {
    uint32_t wanted = 0;
    std::vector<std::string> names;
  };
  BatchWriter(Connection& connection, Patience& patience, Replicas replicas)
      : connection_(connection), patience_(patience), replicas_(std::move(replicas)) {}

  // Prepares the statements on a connection that is new.
  absl::Status Prepare();

  // ABORTED: certainly not written. Any other error: nobody knows, or another process has written.
  absl::Status Write(const StoreBatch& batch, const std::optional<Version>& old);

  // Commits a change that changes nothing, and waits for it as for a batch. Once it is kept, so is all that
  // could be read before it. UNAVAILABLE or RESOURCE_EXHAUSTED: not now.
  absl::Status Touch(const Version& present);

  // Says a word that changes nothing. Where it cannot be said the connection is dropped.
  void GiveSign();

  // Nobody answers, and the connection could not be made anew.
  void NoteLost();

  // Any thread.
  StorageFigures figures() const;

 private:
  absl::Status Commit(Pipeline& pipeline, size_t steps);
  absl::Status Refused(const Result& refusal);
  absl::Status RollBack();
  absl::Status AwaitReplicas(const std::vector<Result>& results, size_t commit);
  absl::Status AskForReplicas(std::optional<uint64_t> place);
  void NoteCommit(std::chrono::steady_clock::time_point begun,
                  std::chrono::steady_clock::time_point committed);

  Connection& connection_;
  Patience& patience_;
  const Replicas replicas_;
  mutable std::mutex figures_mutex_;
  StorageFigures figures_;
};

}  // namespace labrec::recovery::postgres
