#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/engine/task.h"

namespace labrec::recovery {

// Where requests wait for the commit thread. Bounded: a request takes a place before anything is done for it.
class RequestQueue {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Batch = std::vector<std::shared_ptr<Task>>;

  // A place in the queue, taken until it is given to Push, or destroyed.
  class Place {
   public:
    explicit Place(RequestQueue& queue) : queue_(&queue) {}
    Place(Place&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    friend class RequestQueue;
    RequestQueue* queue_;
  };

  // `hold_back` says for how long the next batch should still collect requests; it is asked whenever a
  // request came or Wake was called, and again when that time has passed.
  RequestQueue(size_t queue_limit, size_t batch_limit, std::function<Duration()> hold_back);

  // RESOURCE_EXHAUSTED: full; UNAVAILABLE: closed, or refusing. Any thread.
  absl::StatusOr<Place> Admit();
  // Queues the task; while the queue refuses, it fails the task instead. Any thread.
  void Push(Place place, std::shared_ptr<Task> task);

  // Waits for requests, and until hold_back is over; then the oldest `batch_limit`. An empty batch after
  // Interrupt; nullopt when the queue is closed and nobody holds a place. The commit thread.
  std::optional<Batch> TakeBatch();
  // Asks hold_back again. Any thread.
  void Wake();
  // Makes the present or next TakeBatch return. Any thread.
  void Interrupt();

  // From now on nobody is let in, and who waits is failed, with this status; until Accept.
  void Refuse(const absl::Status& status);
  void Accept();
  // Nobody is let in any more; TakeBatch hands out the rest.
  void Close();
  // True if the queue was closed within `at_most`.
  bool WaitUntilClosed(Duration at_most);

  size_t depth() const;

 private:
  bool IsReady() const;
  void Leave();

  const size_t queue_limit_;
  const size_t batch_limit_;
  const std::function<Duration()> hold_back_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Task>> waiting_;
  size_t places_ = 0;  // taken, by those who wait and those who prepare
  absl::Status refusing_;
  bool closed_ = false;
  bool interrupted_ = false;
};

}  // namespace labrec::recovery
