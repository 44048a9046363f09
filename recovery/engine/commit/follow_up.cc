#include "recovery/engine/commit/follow_up.h"

#include <memory>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/task.h"

namespace labrec::recovery {
namespace {

class FollowUpTask : public Task {
 public:
  FollowUpTask(std::function<absl::Status(WorkingSet&)> change, std::function<void(const absl::Status&)> done)
      : Task(Time::max()), change_(std::move(change)), done_(std::move(done)) {}

  absl::Status Apply(WorkingSet& rows, int64_t) override { return change_(rows); }
  void Committed(KeyWork&) override { done_(absl::OkStatus()); }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const std::function<absl::Status(WorkingSet&)> change_;
  const std::function<void(const absl::Status&)> done_;
};

}  // namespace

void FollowUp(RequestQueue& queue, std::function<absl::Status(WorkingSet&)> change,
              std::function<void(const absl::Status&)> done) {
  absl::StatusOr<RequestQueue::Place> place = queue.Admit();
  if (!place.ok()) return done(place.status());
  queue.Push(*std::move(place), std::make_shared<FollowUpTask>(std::move(change), std::move(done)));
}

void FollowUpOn(RequestQueue& queue, RecordName name,
                std::function<absl::StatusOr<Record>(const std::optional<Record>&)> change,
                std::function<void(const absl::Status&)> done) {
  FollowUp(
      queue,
      [name = std::move(name), change = std::move(change)](WorkingSet& rows) -> absl::Status {
        LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
        LABREC_ASSIGN_OR_RETURN(Record next, InOwnWords(change(*record)));
        rows.Put(std::move(next));
        return absl::OkStatus();
      },
      std::move(done));
}

}  // namespace labrec::recovery
