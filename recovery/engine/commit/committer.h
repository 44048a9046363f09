#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/clock.h"
#include "hsm/freshness_anchor.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/commit/after_commit.h"
#include "recovery/engine/commit/pace.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/health.h"
#include "recovery/engine/device/key_work.h"
#include "recovery/engine/rows/waiting_refills.h"
#include "recovery/ledger/ledger.h"

namespace labrec::recovery {

// What the commit thread can tell other threads.
struct CommitFigures {
  uint64_t batches = 0;  // anchored
  uint64_t epoch = 0;
  uint64_t rows = 0;
  hsm::AnchorWear wear;
  std::string not_serving_reason;  // why nothing can be changed at present; empty if it can
};

// The commit thread: takes what waits, applies it to the rows, makes the result durable, anchors it in the
// device, and only then lets answers and evaluations out. docs/ledger.md, "Committing a batch".
class Committer {
 public:
  struct Parts {
    Ledger& ledger;
    const hsm::FreshnessAnchor& anchor;
    RequestQueue& queue;
    KeyWork& keys;
    const DeviceExecutor& executor;
    CommitPace& pace;
    AfterCommit& after;
    ChallengeTable& challenges;
    WaitingRefills& refills;
    DeviceHealth& anchor_health;
    const Clock& clock;
    std::function<void(absl::Status)> on_fatal;
  };
  explicit Committer(Parts parts);

  // Commits batches until the queue is closed and empty. Where an outcome is not certain it answers
  // UNAVAILABLE to all that wait, calls on_fatal, and returns. The commit thread.
  void Run();

  // Any thread.
  CommitFigures figures() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Applied {
    std::shared_ptr<Task> task;
    absl::Status status;
  };

  // What a batch is for: requests, or the refills that wait as well.
  enum class Refills { kMayWait, kAreWritten };
  void CommitBatch(RequestQueue::Batch batch, Refills refills);
  bool RefillsAreDue() const;
  void WriteRefills();
  // When there is something to do though nobody asks.
  std::optional<Time> NextDue() const;
  static bool Acknowledges(const std::vector<Applied>& applied);
  std::vector<Applied> Apply(RequestQueue::Batch batch, WorkingSet& rows);
  void Release(std::vector<Applied>& applied, EvaluationBatch& evaluations);
  // OK once the writes, which have all refills that wait among them, are anchored; an error is what the batch
  // is answered. Calls `on_staged` once nothing but storage and the anchor device can stop the batch.
  absl::Status MakeDurable(std::vector<RowWrite> writes, const std::function<void()>& on_staged);
  // OK once answers may leave though nothing of their batch is anchored; otherwise what to answer.
  absl::Status MakeSure(const std::vector<Applied>& applied, const std::function<void()>& on_staged);
  absl::Status StageFailed(const absl::Status& status);
  absl::Status Refused(const absl::Status& status);
  absl::Status Persist(StagedBatch& staged);
  absl::Status Anchor(std::unique_ptr<StagedBatch> staged);
  bool IsTroubled() const;
  absl::Status BringBack();
  absl::Status AnchorUnresolved();
  void Hold();
  void StopTaking(const absl::Status& status);
  absl::Status Die(const absl::Status& cause, const char* what);
  void NoteAnchored();
  void NoteChanges(const CommittedChanges& changes);
  void SetReason(std::string reason);

  const Parts parts_;
  Time persisted_;                           // when the latest batch was
  std::unique_ptr<StagedBatch> unresolved_;  // persisted, but it is not known whether the device counted
  CommittedChanges unresolved_changes_;      // of that batch
  bool storage_refuses_ = false;             // it has no room, and the log says so
  absl::Status fatal_;
  mutable std::mutex mutex_;
  CommitFigures figures_;
};

}  // namespace labrec::recovery
