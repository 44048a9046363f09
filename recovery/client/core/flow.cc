#include "recovery/client/core/flow.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "recovery/client/core/task.h"
#include "recovery/client/core/wait.h"

namespace labrec::recovery::client::core {
namespace {

template <typename T>
std::optional<T> Pop(std::deque<T>& queue) {
  if (queue.empty()) return std::nullopt;
  T first = queue.front();
  queue.pop_front();
  return first;
}

Step StepOf(StepId id, Order order) {
  return std::visit([id](auto& what) { return Step{id, std::move(what)}; }, order);
}

}  // namespace

void Timer::Arm(int64_t at_ms) {
  Disarm();
  armed_ = {at_ms, ++flow_.timers_armed_};
  flow_.timers_.emplace(*armed_, this);
}

void Timer::Disarm() {
  if (armed_) flow_.timers_.erase(*std::exchange(armed_, std::nullopt));
}

Flow::~Flow() {
  // Frames that outlive their flow would write into it.
  if (!ready_.empty() || !timers_.empty() || !waiting_.empty()) std::abort();
}

Step Flow::Next(int64_t now_ms) {
  now_ms_ = std::max(now_ms_, now_ms);
  Drain();
  FireTimers();
  Drain();
  if (const auto id = Pop(cancels_)) return {*id, CancelStep{}};
  if (const auto id = Pop(orders_)) return StepOf(*id, waiting_.at(*id)->HandOut());
  PauseStep pause;
  if (!timers_.empty()) pause.until_ms = timers_.begin()->first.first;
  return {0, pause};
}

void Flow::Answer(StepId id, Reply reply) {
  const auto wait = waiting_.find(id);
  if (wait == waiting_.end() || !wait->second->handed_out()) return;
  wait->second->Answered(std::move(reply));
}

int64_t Flow::After(int64_t ms) const {
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  return ms > kNever - std::max<int64_t>(now_ms_, 0) ? kNever : now_ms_ + ms;
}

void Flow::Queue(Frame& frame) {
  if (std::exchange(frame.queued, true)) return;
  ready_.push_back(&frame);
}

void Flow::Forget(Frame& frame) {
  if (std::exchange(frame.queued, false)) std::erase(ready_, &frame);
}

void Flow::Drain() {
  if (std::exchange(draining_, true)) std::abort();
  while (const auto frame = Pop(ready_)) {
    (*frame)->queued = false;
    (*frame)->handle.resume();
  }
  draining_ = false;
}

void Flow::FireTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_ms_) {
    Timer& timer = *timers_.begin()->second;
    timer.Disarm();
    timer.Fire();
  }
}

StepId Flow::Begin(Wait& wait) {
  const StepId id = ++last_id_;
  waiting_.emplace(id, &wait);
  orders_.push_back(id);
  return id;
}

void Flow::End(Wait& wait) {
  waiting_.erase(wait.id());
  if (!wait.handed_out()) {
    std::erase(orders_, wait.id());
  } else if (!wait.answered()) {
    cancels_.push_back(wait.id());
  }
}

}  // namespace labrec::recovery::client::core
