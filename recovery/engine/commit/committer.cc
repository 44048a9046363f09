#include "recovery/engine/commit/committer.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstRetry{20};
constexpr milliseconds kSlowestRetry{1000};

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

absl::Status Away(const absl::Status& cause) {
  return absl::UnavailableError("the realm's security device is away, try again later: " + Text(cause));
}

}  // namespace

Committer::Committer(Parts parts) : parts_(std::move(parts)) {
  NoteAnchored();
  figures_.batches = 0;
}

void Committer::Run() {
  while (fatal_.ok()) {
    std::optional<RequestQueue::Batch> batch =
        parts_.queue.TakeBatch([this] { return parts_.pace.HoldBack(parts_.executor.load()); });
    if (!batch) return;
    const absl::Status ready = BringBack();
    if (ready.ok()) {
      CommitBatch(*std::move(batch));
    } else {
      StopTaking(ready);
      for (const Waiting& waiting : *batch) waiting.task->Fail(ready);
    }
    if (IsTroubled()) Hold();
  }
  parts_.on_fatal(fatal_);
}

void Committer::CommitBatch(RequestQueue::Batch batch) {
  const Time start = steady_clock::now();
  WorkingSet rows(parts_.ledger);
  std::vector<Applied> applied = Apply(std::move(batch), rows);
  std::vector<RowWrite> writes = rows.Writes();
  EvaluationBatch evaluations(parts_.keys);
  const auto tweak = [&] {
    for (const Applied& each : applied) {
      if (each.status.ok()) each.task->Staged(evaluations);
    }
    evaluations.Tweak();
  };
  if (writes.empty()) {
    tweak();
  } else {
    CommittedChanges changes{rows.ErasedChipKeys(), rows.ChangedRegistrations()};
    const absl::Status durable = MakeDurable(std::move(writes), tweak);
    if (durable.ok()) parts_.after.Anchored(changes);
    if (!durable.ok()) {
      if (unresolved_) unresolved_changes_ = std::move(changes);
      if (IsTroubled()) StopTaking(durable);
      for (const Applied& each : applied) each.task->Fail(durable);
      return;
    }
    parts_.pace.Note(start, persisted_, steady_clock::now());
  }
  Release(applied, evaluations);
  parts_.after.Answered();
}

// The last moment at which a request can be dropped for nothing: from here on it counts.
std::vector<Committer::Applied> Committer::Apply(RequestQueue::Batch batch, WorkingSet& rows) {
  const int64_t now_ms = parts_.clock.NowMillis();
  std::vector<Applied> applied;
  for (Waiting& waiting : batch) {
    if (const absl::Status waits = CheckWaits(waiting.caller); !waits.ok()) {
      waiting.task->Fail(waits);
      continue;
    }
    absl::Status status = waiting.task->Apply(rows, now_ms);
    waiting.task->NoteChanged(rows.TakeChanged());
    applied.push_back({std::move(waiting.task), std::move(status)});
  }
  return applied;
}

void Committer::Release(std::vector<Applied>& applied, EvaluationBatch& evaluations) {
  for (const Applied& each : applied) {
    if (each.status.ok()) {
      each.task->Committed(parts_.keys);
    } else {
      each.task->Fail(each.status);
    }
  }
  evaluations.Release();
}

absl::Status Committer::MakeDurable(std::vector<RowWrite> writes, const std::function<void()>& on_staged) {
  absl::StatusOr<std::unique_ptr<StagedBatch>> staged = parts_.ledger.Stage(std::move(writes));
  parts_.anchor_health.Note(staged.status());
  if (!staged.ok()) return StageFailed(staged.status());
  on_staged();
  LABREC_RETURN_IF_ERROR(Persist(**staged));
  persisted_ = steady_clock::now();
  return Anchor(*std::move(staged));
}

// Nothing was written, and nothing will be.
absl::Status Committer::StageFailed(const absl::Status& status) {
  if (parts_.ledger.stopped()) return Die(status, "the anchor device prepares no batch for this process");
  if (absl::IsUnavailable(status)) return Away(status);
  spdlog::error("a batch cannot be prepared, its requests are refused: {}", Text(status));
  if (absl::IsDataLoss(status)) return status;
  return InOwnWords(absl::UnavailableError("the realm could not prepare the change; nothing was done"));
}

absl::Status Committer::Persist(StagedBatch& staged) {
  const absl::Status status = parts_.ledger.Persist(staged);
  if (status.ok()) return status;
  if (!absl::IsAborted(status)) return Die(status, "it is not known whether a batch was written");
  spdlog::error("storage refused a batch, nothing was changed: {}", Text(status));
  return InOwnWords(absl::UnavailableError("the realm's storage refused the change; nothing was done"));
}

absl::Status Committer::Anchor(std::unique_ptr<StagedBatch> staged) {
  const absl::Status status = parts_.ledger.Anchor(*staged);
  parts_.anchor_health.Note(status);
  if (status.ok()) {
    NoteAnchored();
    return status;
  }
  if (!absl::IsUnavailable(status)) return Die(status, "the device did not anchor a batch");
  unresolved_ = std::move(staged);
  return Away(status);
}

absl::Status Committer::AnchorUnresolved() {
  const absl::Status status = parts_.ledger.Anchor(*unresolved_);
  parts_.anchor_health.Note(status);
  if (absl::IsUnavailable(status)) return Away(status);
  unresolved_.reset();
  if (!status.ok()) return Die(status, "the device did not anchor a batch");
  NoteAnchored();
  parts_.after.Anchored(std::exchange(unresolved_changes_, {}));
  return status;
}

bool Committer::IsTroubled() const {
  return fatal_.ok() && (unresolved_ || parts_.anchor_health.away() || parts_.keys.away());
}

// OK if nothing is in the way of a commit and its evaluations. A device that was away is asked whether it is
// back: the anchor by an empty batch, the keys by a derivation. So nothing is counted that cannot be
// evaluated.
absl::Status Committer::BringBack() {
  if (unresolved_) LABREC_RETURN_IF_ERROR(AnchorUnresolved());
  if (parts_.anchor_health.away()) LABREC_RETURN_IF_ERROR(MakeDurable({}, [] {}));
  if (!parts_.keys.away()) return absl::OkStatus();
  const absl::Status status = parts_.keys.Probe();
  return status.ok() ? status : Away(status);
}

// Refuses everything until the devices are back. Nothing may be staged before the anchor device has said
// whether it counted the batch that was written.
void Committer::Hold() {
  absl::Status status = absl::UnavailableError("the realm's security device is away, try again later");
  for (milliseconds delay = kFirstRetry; !status.ok(); delay = std::min(2 * delay, kSlowestRetry)) {
    StopTaking(status);
    if (parts_.queue.WaitUntilClosed(delay)) return;  // what was not anchored is at the next start
    status = BringBack();
    if (!fatal_.ok()) return;
  }
  parts_.queue.Accept();
  SetReason("");
  parts_.after.Answered();
}

void Committer::StopTaking(const absl::Status& status) {
  SetReason(Text(status));
  parts_.queue.Refuse(status);
}

absl::Status Committer::Die(const absl::Status& cause, const char* what) {
  fatal_ = cause;
  spdlog::critical("the realm stops, as {}: {}", what, Text(cause));
  const absl::Status answer =
      InOwnWords(absl::UnavailableError("the realm has stopped; its operator's log says why"));
  StopTaking(answer);
  SetReason(std::string(what) + ": " + Text(cause));
  return answer;
}

void Committer::NoteAnchored() {
  const std::lock_guard lock(mutex_);
  figures_.batches += 1;
  figures_.epoch = parts_.ledger.epoch();
  figures_.rows = parts_.ledger.row_count();
  figures_.wear = parts_.anchor.wear();
}

void Committer::SetReason(std::string reason) {
  const std::lock_guard lock(mutex_);
  figures_.not_serving_reason = std::move(reason);
}

CommitFigures Committer::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

}  // namespace labrec::recovery
