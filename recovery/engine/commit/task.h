#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/engine/call/done.h"
#include "recovery/engine/device/key_work.h"
#include "recovery/engine/rows/working_set.h"

namespace labrec::recovery {

// A request on its way through a commit. Apply comes first. Staged follows if what it did is about to be
// committed. Exactly one of Committed and Fail comes last.
class Task {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit Task(Time deadline) : deadline_(deadline) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Decides about the request and changes `rows`. An error leaves them alone. Commit thread.
  virtual absl::Status Apply(WorkingSet& rows, int64_t now_ms) = 0;
  // What Apply did is about to be committed: adds the evaluations that it allows. Commit thread.
  virtual void Staged(EvaluationBatch&) {}
  // What Apply did is durable and anchored, and the batch's evaluations are released next. Answers, or gives
  // other work to the device. Commit thread.
  virtual void Committed(KeyWork& keys) = 0;
  // Answers with an error. Any thread.
  virtual void Fail(const absl::Status& status) = 0;

  // Whether Apply changed a row. The committer says so before Staged; false until then.
  void NoteChanged(bool changed) { changed_ = changed; }
  bool changed() const { return changed_; }

  Time deadline() const { return deadline_; }

 private:
  const Time deadline_;
  bool changed_ = false;
};

// A request that needs no device once it is committed: its answer is known beforehand, but for its `changed`.
template <typename Answer>
class PlainTask : public Task {
 public:
  using Change = std::function<absl::Status(WorkingSet&, int64_t now_ms)>;
  PlainTask(Time deadline, Change change, Answer answer, Done<Answer> done)
      : Task(deadline), change_(std::move(change)), answer_(std::move(answer)), done_(std::move(done)) {}

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override { return change_(rows, now_ms); }
  void Committed(KeyWork&) override {
    answer_.changed = changed();
    done_(std::move(answer_));
  }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  Change change_;
  Answer answer_;
  Done<Answer> done_;
};

// A request that changes no row by itself: once its turn has come, somebody else works for it.
class TurnTask : public Task {
 public:
  using Start = absl::AnyInvocable<void()>;
  // Decides by the rows as they are when the turn has come: what to start then, or why not. What is started
  // answers; it must not block.
  using Look = std::function<absl::StatusOr<Start>(WorkingSet&)>;
  TurnTask(Time deadline, Look look, std::function<void(const absl::Status&)> fail)
      : Task(deadline), look_(std::move(look)), fail_(std::move(fail)) {}

  absl::Status Apply(WorkingSet& rows, int64_t) override {
    absl::StatusOr<Start> start = look_(rows);
    if (!start.ok()) return start.status();
    start_ = *std::move(start);
    return absl::OkStatus();
  }
  void Committed(KeyWork&) override { start_(); }
  void Fail(const absl::Status& status) override { fail_(status); }

 private:
  const Look look_;
  const std::function<void(const absl::Status&)> fail_;
  Start start_;
};

// A request that changes nothing: its answer is what the rows say. It goes through a commit all the same, as
// nobody may be told what another run has changed since (docs/ledger.md, "Answers without a batch").
template <typename Answer>
class ReadTask : public Task {
 public:
  using Read = std::function<absl::StatusOr<Answer>(WorkingSet&)>;
  using WhileAway = std::function<absl::StatusOr<Answer>(const absl::Status& why)>;
  // `while_away`, if there is one, answers where the queue says UNAVAILABLE.
  ReadTask(Time deadline, Read read, Done<Answer> done, WhileAway while_away = nullptr)
      : Task(deadline), read_(std::move(read)), done_(std::move(done)), while_away_(std::move(while_away)) {}

  absl::Status Apply(WorkingSet& rows, int64_t) override {
    answer_ = read_(rows);
    return answer_.status();
  }
  void Committed(KeyWork&) override { done_(std::move(answer_)); }
  void Fail(const absl::Status& status) override {
    done_(while_away_ && absl::IsUnavailable(status) ? while_away_(status) : status);
  }

 private:
  const Read read_;
  absl::StatusOr<Answer> answer_ = absl::UnknownError("the rows were not read");
  const Done<Answer> done_;
  const WhileAway while_away_;
};

}  // namespace labrec::recovery
