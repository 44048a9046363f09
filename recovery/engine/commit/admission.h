#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "recovery/engine/call/caller.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/engine/commit/task.h"
#include "recovery/engine/device/executor.h"

namespace labrec::recovery {

// How callers' requests come into the queue. Any thread; both outlive this object.
class Admission {
 public:
  Admission(RequestQueue& queue, const DeviceExecutor& executor) : queue_(queue), executor_(executor) {}

  // A place in the queue, for a caller that still waits. Errors as RequestQueue::Admit; RESOURCE_EXHAUSTED
  // says when to come back.
  absl::StatusOr<RequestQueue::Place> Admit(const Caller& caller);
  // Queues the task, or fails it if the queue does not let it in.
  void Enqueue(const Caller& caller, std::shared_ptr<Task> task);
  // Queues the task at its place.
  void Enqueue(RequestQueue::Place place, std::shared_ptr<Task> task);

 private:
  RequestQueue& queue_;
  const DeviceExecutor& executor_;
};

}  // namespace labrec::recovery
