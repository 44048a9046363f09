#include "recovery/engine/commit/request_queue.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

constexpr std::chrono::milliseconds kPauseOfWhoGaveWay{500};

}  // namespace

RequestQueue::Place::~Place() {
  if (queue_ != nullptr) queue_->Leave(caller_);
}

RequestQueue::RequestQueue(Limits limits)
    : limits_{limits.places, limits.places_of_an_account, std::max<size_t>(1, limits.batch)} {}

absl::StatusOr<RequestQueue::Place> RequestQueue::Admit(Caller caller) {
  std::optional<Waiting> gives_way;
  absl::Status taken;
  {
    const std::lock_guard lock(mutex_);
    taken = TakePlace(caller, gives_way);
  }
  if (gives_way) {
    gives_way->task->Fail(WithRetryAfter(
        Refused(refusal::kQueueFull,
                absl::ResourceExhaustedError("the realm is busy, and you have more requests waiting than "
                                             "others: come back later")),
        kPauseOfWhoGaveWay));
  }
  LABREC_RETURN_IF_ERROR(taken);
  return Place(*this, std::move(caller));
}

absl::Status RequestQueue::TakePlace(const Caller& caller, std::optional<Waiting>& gives_way) {
  if (closed_) return Refused(refusal::kStopping, absl::UnavailableError("the realm is shutting down"));
  if (!refusing_.ok()) return refusing_;
  const auto places = places_of_.find({caller.tenant, caller.account});
  if (!caller.IsRealmsOwn() && places != places_of_.end() && places->second >= limits_.places_of_an_account) {
    return Refused(refusal::kAccountQueue,
                   absl::ResourceExhaustedError("this account has enough requests waiting: send the next one "
                                                "when one of them was answered"));
  }
  if (places_ >= limits_.places) {
    gives_way = waiting_.GiveWay(caller);
    if (!gives_way) {
      return Refused(refusal::kQueueFull, absl::ResourceExhaustedError("the realm is busy: come back later"));
    }
    FreePlace(gives_way->caller);
  }
  ++places_;
  if (!caller.IsRealmsOwn()) ++places_of_[{caller.tenant, caller.account}];
  return absl::OkStatus();
}

void RequestQueue::FreePlace(const Caller& caller) {
  --places_;
  if (caller.IsRealmsOwn()) return;
  const auto places = places_of_.find({caller.tenant, caller.account});
  if (--places->second == 0) places_of_.erase(places);
}

void RequestQueue::Push(Place place, std::shared_ptr<Task> task) {
  absl::Status refused;
  bool enough = true;
  {
    const std::lock_guard lock(mutex_);
    refused = refusing_;
    if (refused.ok()) {
      place.queue_ = nullptr;  // the task has it now
      waiting_.Push({task, std::move(place.caller_)});
      enough = !holding_back_ || waiting_.ready() >= limits_.batch;
    }
  }
  if (!refused.ok()) task->Fail(refused);
  if (enough) changed_.notify_all();
}

bool RequestQueue::WaitUntilReady(std::unique_lock<std::mutex>& lock, std::optional<Task::Time> due) {
  if (due) return changed_.wait_until(lock, *due, [this] { return IsReady(); });
  changed_.wait(lock, [this] { return IsReady(); });
  return true;
}

std::optional<RequestQueue::Batch> RequestQueue::TakeBatch(const std::function<Duration()>& hold_back,
                                                           std::optional<Task::Time> due) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!WaitUntilReady(lock, due)) return Batch();
    const bool at_once = closed_ || interrupted_ || waiting_.ready() >= limits_.batch;
    const Duration left = at_once ? Duration{0} : hold_back();
    if (left <= Duration{0}) break;
    holding_back_ = true;
    changed_.wait_for(lock, left);
    holding_back_ = false;
  }
  if (std::exchange(interrupted_, false)) return Batch();
  if (waiting_.size() == 0) return std::nullopt;
  Batch batch = waiting_.Take(limits_.batch);
  for (const Waiting& taken : batch) FreePlace(taken.caller);
  return batch;
}

void RequestQueue::Interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  changed_.notify_all();
}

bool RequestQueue::IsReady() const {
  return interrupted_ || waiting_.size() > 0 || (closed_ && places_ == 0);
}

void RequestQueue::Wake() {
  bool held_back = false;
  {
    const std::lock_guard lock(mutex_);  // a TakeBatch about to wait does not miss it
    held_back = holding_back_;
  }
  if (held_back) changed_.notify_all();
}

void RequestQueue::Refuse(const absl::Status& status) {
  Batch refused;
  {
    const std::lock_guard lock(mutex_);
    refusing_ = status;
    refused = waiting_.TakeAll();
    for (const Waiting& waiting : refused) FreePlace(waiting.caller);
  }
  for (const Waiting& waiting : refused) waiting.task->Fail(status);
  changed_.notify_all();
}

void RequestQueue::Accept() {
  const std::lock_guard lock(mutex_);
  refusing_ = absl::OkStatus();
}

void RequestQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool RequestQueue::WaitUntilClosed(Duration at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [this] { return closed_; });
}

size_t RequestQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return places_;
}

void RequestQueue::Leave(const Caller& caller) {
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    FreePlace(caller);
    closed = closed_;
  }
  if (closed) changed_.notify_all();  // who waits for the last place
}

}  // namespace labrec::recovery
