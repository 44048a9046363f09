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

absl::Status NothingWritten() {
  return InOwnWords(absl::UnavailableError("the realm's storage refused the change; nothing was done"));
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
    parts_.challenges.ForgetOld(steady_clock::now());
    std::optional<RequestQueue::Batch> batch =
        parts_.queue.TakeBatch([this] { return parts_.pace.HoldBack(parts_.executor.load()); }, NextDue());
    if (!batch) {
      WriteRefills();
      break;
    }
    const absl::Status ready = BringBack();
    if (ready.ok()) {
      CommitBatch(*std::move(batch), RefillsAreDue() ? Refills::kAreWritten : Refills::kMayWait);
    } else {
      StopTaking(ready);
      for (const Waiting& waiting : *batch) waiting.task->Fail(ready);
    }
    if (IsTroubled()) Hold();
  }
  if (!fatal_.ok()) parts_.on_fatal(fatal_);
}

std::optional<Committer::Time> Committer::NextDue() const {
  const std::optional<Time> forgetting = parts_.challenges.NextForgetting(steady_clock::now());
  const std::optional<Time> writing = parts_.refills.due();
  if (!forgetting || !writing) return forgetting ? forgetting : writing;
  return std::min(*forgetting, *writing);
}

bool Committer::RefillsAreDue() const {
  const std::optional<Time> due = parts_.refills.due();
  return due && *due <= steady_clock::now();
}

// At a clean stop. Where that fails they are lost, as they are in a crash.
void Committer::WriteRefills() {
  if (!parts_.refills.due() || !BringBack().ok()) return;
  CommitBatch({}, Refills::kAreWritten);
}

void Committer::CommitBatch(RequestQueue::Batch batch, Refills refills) {
  const Time start = steady_clock::now();
  WorkingSet rows(parts_.ledger, parts_.refills);
  std::vector<Applied> applied = Apply(std::move(batch), rows);
  EvaluationBatch evaluations(parts_.keys);
  const auto tweak = [&] {
    for (const Applied& each : applied) {
      if (each.status.ok()) each.task->Staged(evaluations);
    }
    evaluations.Tweak();
  };
  const bool is_anchored = refills == Refills::kAreWritten || rows.MustBeAnchored() ||
                           (Acknowledges(applied) && !parts_.ledger.settled());
  CommittedChanges changes{rows.ErasedChipKeys(), rows.ErasedVersions(), rows.ChangedRegistrations()};
  const absl::Status sure = is_anchored ? MakeDurable(rows.Writes(), tweak) : MakeSure(applied, tweak);
  if (!sure.ok()) {
    if (unresolved_) unresolved_changes_ = std::move(changes);
    parts_.refills.Postpone(steady_clock::now() + kSlowestRetry);
    if (IsTroubled()) StopTaking(sure);
    for (const Applied& each : applied) each.task->Fail(sure);
    return;
  }
  if (is_anchored) {
    NoteChanges(changes);
    parts_.pace.Note(start, persisted_, steady_clock::now());
  } else {
    rows.LetRefillsWait(steady_clock::now());
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
  if (std::exchange(storage_refuses_, false)) spdlog::info("storage takes batches again");
  on_staged();
  LABREC_RETURN_IF_ERROR(Persist(**staged));
  parts_.refills.Written();
  persisted_ = steady_clock::now();
  return Anchor(*std::move(staged));
}

// An error acknowledges nothing.
bool Committer::Acknowledges(const std::vector<Applied>& applied) {
  return std::ranges::any_of(applied, [](const Applied& each) { return each.status.ok(); });
}

// docs/ledger.md, "Answers without a batch". The ledger is settled.
absl::Status Committer::MakeSure(const std::vector<Applied>& applied,
                                 const std::function<void()>& on_staged) {
  if (!Acknowledges(applied)) return absl::OkStatus();
  on_staged();
  const absl::Status held = parts_.ledger.CheckClaim();
  parts_.anchor_health.Note(held);
  if (held.ok()) return held;
  return absl::IsUnavailable(held) ? Away(held) : Die(held, "another process has taken over the anchor");
}

// Nothing was written, and nothing will be.
absl::Status Committer::StageFailed(const absl::Status& status) {
  if (parts_.ledger.stopped()) return Die(status, "the anchor device prepares no batch for this process");
  if (absl::IsUnavailable(status)) return Away(status);
  if (parts_.ledger.storage_refuses()) return Refused(status);
  spdlog::error("a batch cannot be prepared, its requests are refused: {}", Text(status));
  if (absl::IsDataLoss(status)) return status;
  return InOwnWords(absl::UnavailableError("the realm could not prepare the change; nothing was done"));
}

absl::Status Committer::Persist(StagedBatch& staged) {
  const absl::Status status = parts_.ledger.Persist(staged);
  if (status.ok()) return status;
  if (!absl::IsAborted(status)) return Die(status, "it is not known whether a batch was written");
  return Refused(status);
}

// Says it once, as storage is asked again and again while it has no room.
absl::Status Committer::Refused(const absl::Status& status) {
  const bool still = std::exchange(storage_refuses_, parts_.ledger.storage_refuses());
  if (!still) spdlog::error("storage refused a batch, nothing was changed: {}", Text(status));
  if (!still && storage_refuses_) spdlog::error("requests get UNAVAILABLE until storage takes batches again");
  return NothingWritten();
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
  NoteChanges(std::exchange(unresolved_changes_, {}));
  return status;
}

bool Committer::IsTroubled() const {
  return fatal_.ok() &&
         (unresolved_ || storage_refuses_ || parts_.anchor_health.away() || parts_.keys.away());
}

// OK if nothing is in the way of a commit and its evaluations. A device that was away is asked whether it is
// back: the anchor by a batch of the refills that wait, the keys by a derivation. So nothing is counted that
// cannot be evaluated. Storage without room is asked by the empty batch that it owes.
absl::Status Committer::BringBack() {
  if (unresolved_) LABREC_RETURN_IF_ERROR(AnchorUnresolved());
  if (storage_refuses_ || parts_.anchor_health.away()) {
    LABREC_RETURN_IF_ERROR(MakeDurable(WorkingSet(parts_.ledger, parts_.refills).Writes(), [] {}));
  }
  if (!parts_.keys.away()) return absl::OkStatus();
  const absl::Status status = parts_.keys.Probe();
  return status.ok() ? status : Away(status);
}

// Refuses everything until the devices are back and storage has room. Nothing may be staged before the anchor
// device has said whether it counted the batch that was written.
void Committer::Hold() {
  absl::Status status = storage_refuses_
                            ? NothingWritten()
                            : absl::UnavailableError("the realm's security device is away, try again later");
  for (milliseconds delay = kFirstRetry; !status.ok(); delay = std::min(2 * delay, kSlowestRetry)) {
    StopTaking(status);
    parts_.challenges.ForgetOld(steady_clock::now());
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

void Committer::NoteChanges(const CommittedChanges& changes) {
  parts_.challenges.EraseKeys(changes.erased_versions);
  parts_.after.Anchored(changes);
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
