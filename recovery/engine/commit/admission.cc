#include "recovery/engine/commit/admission.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

constexpr std::chrono::milliseconds kLeastPause{200};  // of a client that the queue refused

}  // namespace

absl::StatusOr<RequestQueue::Place> Admission::Admit(const Caller& caller) {
  LABREC_RETURN_IF_ERROR(CheckWaits(caller));
  absl::StatusOr<RequestQueue::Place> place = queue_.Admit(caller);
  if (!absl::IsResourceExhausted(place.status())) return place;
  const auto busy = std::chrono::duration_cast<std::chrono::milliseconds>(executor_.load().backlog);
  return WithRetryAfter(place.status(), std::max(kLeastPause, busy));
}

void Admission::Enqueue(const Caller& caller, std::shared_ptr<Task> task) {
  absl::StatusOr<RequestQueue::Place> place = Admit(caller);
  if (!place.ok()) return task->Fail(place.status());
  Enqueue(*std::move(place), std::move(task));
}

void Admission::Enqueue(RequestQueue::Place place, std::shared_ptr<Task> task) {
  queue_.Push(std::move(place), std::move(task));
}

}  // namespace labrec::recovery
