#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hsm/base/clock.h"
#include "hsm/freshness_anchor.h"
#include "recovery/engine/commit/after_commit.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/engine/device/health.h"
#include "recovery/engine/device/key_work.h"
#include "recovery/engine/device/moving_average.h"
#include "recovery/ledger/ledger.h"

namespace labrec::recovery {

// Whether the anchor is called beside the evaluations, or waits for the device as they do.
enum class AnchorPlace { kBesideKeys, kAmongKeys };

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
  using Duration = std::chrono::steady_clock::duration;
  struct Parts {
    Ledger& ledger;
    const hsm::FreshnessAnchor& anchor;
    RequestQueue& queue;
    KeyWork& keys;
    AfterCommit& after;
    DeviceHealth& anchor_health;
    const Clock& clock;
    AnchorPlace anchor_place;
    std::function<void(absl::Status)> on_fatal;
  };
  explicit Committer(Parts parts);

  // On the commit thread: commits batches until the queue is closed and empty, or until an outcome is not
  // certain; then all that wait are answered UNAVAILABLE, and on_fatal is called.
  void Run();

  // How long a commit takes lately, as far as evaluations run meanwhile. Any thread.
  Duration CommitTime() const { return Duration(commit_time_mean_); }
  // Any thread.
  CommitFigures figures() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Judged {
    std::shared_ptr<Task> task;
    absl::Status status;
  };

  void CommitBatch(RequestQueue::Batch batch);
  std::vector<Judged> Apply(RequestQueue::Batch batch, WorkingSet& rows);
  void Release(std::vector<Judged>& judged, EvaluationBatch& evaluations);
  // OK once the writes are anchored; otherwise what to answer to the batch.
  // `on_staged` is called once nothing but storage and the anchor device can stop the batch.
  absl::Status MakeDurable(std::vector<RowWrite> writes, const std::function<void()>& on_staged);
  absl::Status StageFailed(const absl::Status& status);
  absl::Status Persist(StagedBatch& staged);
  absl::Status Anchor(std::unique_ptr<StagedBatch> staged);
  bool IsTroubled() const;
  absl::Status BringBack();
  absl::Status AnchorUnresolved();
  void Hold();
  void StopTaking(const absl::Status& status);
  absl::Status Die(const absl::Status& cause, const char* what);
  void NoteAnchored();
  void SetReason(std::string reason);

  const Parts parts_;
  MovingAverage commit_time_;                        // the commit thread's
  std::atomic<Duration::rep> commit_time_mean_ = 0;  // of it, for all
  Time persisted_;                                   // when the latest batch was
  std::unique_ptr<StagedBatch> unresolved_;  // persisted, but it is not known whether the device counted
  CommittedChanges unresolved_changes_;      // of that batch
  absl::Status fatal_;
  mutable std::mutex mutex_;
  CommitFigures figures_;
};

}  // namespace labrec::recovery
