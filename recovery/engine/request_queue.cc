#include "recovery/engine/request_queue.h"

#include <algorithm>
#include <iterator>

namespace labrec::recovery {

RequestQueue::Place::~Place() {
  if (queue_ != nullptr) queue_->Leave();
}

RequestQueue::RequestQueue(size_t queue_limit, size_t batch_limit, std::function<Duration()> hold_back)
    : queue_limit_(queue_limit),
      batch_limit_(std::max<size_t>(1, batch_limit)),
      hold_back_(std::move(hold_back)) {}

absl::StatusOr<RequestQueue::Place> RequestQueue::Admit() {
  const std::lock_guard lock(mutex_);
  if (closed_) return absl::UnavailableError("the realm is shutting down");
  if (!refusing_.ok()) return refusing_;
  if (places_ >= queue_limit_) return absl::ResourceExhaustedError("the realm is busy: come back later");
  ++places_;
  return Place(*this);
}

void RequestQueue::Push(Place place, std::shared_ptr<Task> task) {
  absl::Status refused;
  {
    const std::lock_guard lock(mutex_);
    refused = refusing_;
    if (refused.ok()) {
      place.queue_ = nullptr;  // the task has it now
      waiting_.push_back(task);
    }
  }
  if (!refused.ok()) task->Fail(refused);
  changed_.notify_all();
}

std::optional<RequestQueue::Batch> RequestQueue::TakeBatch() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return IsReady(); });
    const bool at_once = closed_ || interrupted_ || waiting_.size() >= batch_limit_;
    const Duration hold_back = at_once ? Duration{0} : hold_back_();
    if (hold_back <= Duration{0}) break;
    changed_.wait_for(lock, hold_back);
  }
  if (std::exchange(interrupted_, false)) return Batch();
  if (waiting_.empty()) return std::nullopt;
  const auto count = static_cast<std::ptrdiff_t>(std::min(batch_limit_, waiting_.size()));
  Batch batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  places_ -= batch.size();
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
  return interrupted_ || !waiting_.empty() || (closed_ && places_ == 0);
}

void RequestQueue::Wake() {
  { const std::lock_guard lock(mutex_); }  // so that a TakeBatch about to wait does not miss it
  changed_.notify_all();
}

void RequestQueue::Refuse(const absl::Status& status) {
  std::deque<std::shared_ptr<Task>> refused;
  {
    const std::lock_guard lock(mutex_);
    refusing_ = status;
    refused.swap(waiting_);
    places_ -= refused.size();
  }
  for (const std::shared_ptr<Task>& task : refused) task->Fail(status);
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

void RequestQueue::Leave() {
  {
    const std::lock_guard lock(mutex_);
    --places_;
  }
  changed_.notify_all();
}

}  // namespace labrec::recovery
