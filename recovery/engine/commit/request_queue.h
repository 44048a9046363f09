#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/engine/call/caller.h"
#include "recovery/engine/commit/fair_queue.h"
#include "recovery/engine/commit/task.h"

namespace labrec::recovery {

// Where requests wait for the commit thread. Bounded, for all and for each account: a request takes a place
// before anything is done for it. Fair: see FairQueue.
class RequestQueue {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Batch = std::vector<Waiting>;
  struct Limits {
    size_t places = 4096;              // for all
    size_t places_of_an_account = 32;  // not for the realm's own requests
    size_t batch = 1024;
  };

  // A place in the queue, taken until it is given to Push, or destroyed.
  class Place {
   public:
    Place(RequestQueue& queue, Caller caller) : queue_(&queue), caller_(std::move(caller)) {}
    Place(Place&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)), caller_(std::move(other.caller_)) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    friend class RequestQueue;
    RequestQueue* queue_;
    Caller caller_;
  };

  explicit RequestQueue(Limits limits);

  // A place for a request of this caller; the default one is the realm itself. Where all places are taken,
  // whoever has most waiting gives one up, and that request fails with RESOURCE_EXHAUSTED.
  // RESOURCE_EXHAUSTED: nobody gives way. UNAVAILABLE: the queue is closed, or refuses. Any thread.
  absl::StatusOr<Place> Admit(Caller caller = Caller());
  // Queues the task; while the queue refuses, it fails the task instead. Any thread.
  void Push(Place place, std::shared_ptr<Task> task);

  // Waits for requests, and until the batch need not collect more; then those whose turn it is, at most one
  // of each account and a batch altogether. `hold_back` says for how long the batch should still collect
  // requests. It is asked when there is a request to take, again when that time has passed, and whenever Wake
  // was called. What comes meanwhile is collected without waking the commit thread. An empty batch after
  // Interrupt, and at `due` if nothing came; nullopt when the queue is closed and nobody holds a place. The
  // commit thread.
  std::optional<Batch> TakeBatch(const std::function<Duration()>& hold_back,
                                 std::optional<Task::Time> due = std::nullopt);
  // Asks hold_back again, where the next batch is being held back. Any thread.
  void Wake();
  // Makes the present or next TakeBatch return. Any thread.
  void Interrupt();

  // Until Accept nobody is let in, and whoever waits fails, both with this status.
  void Refuse(const absl::Status& status);
  void Accept();
  // From now on nobody is let in. TakeBatch hands out the rest.
  void Close();
  // True if the queue was closed within `at_most`.
  bool WaitUntilClosed(Duration at_most);

  size_t depth() const;

 private:
  using Account = std::pair<std::string, std::string>;  // tenant, account

  bool IsReady() const;
  bool WaitUntilReady(std::unique_lock<std::mutex>& lock, std::optional<Task::Time> due);
  void Leave(const Caller& caller);
  absl::Status TakePlace(const Caller& caller, std::optional<Waiting>& gives_way);
  void FreePlace(const Caller& caller);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  FairQueue waiting_;
  size_t places_ = 0;  // taken, by those who wait and those who prepare
  std::map<Account, size_t> places_of_;
  absl::Status refusing_;
  bool closed_ = false;
  bool interrupted_ = false;
  bool holding_back_ = false;  // the commit thread waits, although there are requests to take
};

}  // namespace labrec::recovery
