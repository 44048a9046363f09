#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// What realms have answered so far; nullopt for those still at it.
template <typename T>
using Answers = std::vector<std::optional<absl::StatusOr<T>>>;

// Waits until a task that this frame started has ended, or the time has come.
class Join final : Timer {
 public:
  Join(Flow& flow, std::optional<int64_t> until_ms) : Timer(flow), until_ms_(until_ms) {}
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiter) {
    frame_ = &waiter.promise();
    if (until_ms_) Arm(*until_ms_);
  }
  void await_resume() { Disarm(); }

 private:
  void Fire() override { flow().Queue(*frame_); }

  const std::optional<int64_t> until_ms_;
  Frame* frame_ = nullptr;
};

// Takes what has ended since the last call; how many that were.
template <typename T>
size_t Collect(std::vector<Task<T>>& tasks, Answers<T>& answers) {
  size_t taken = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (answers[i] || !tasks[i].done()) continue;
    answers[i].emplace(tasks[i].Take());
    ++taken;
  }
  return taken;
}

// Runs the tasks make(0..count-1, scope) side by side and waits for them. As soon as `enough(answers)` holds,
// stragglers get a grace time, `grace_ms` or as long again as it took to get there, and are cancelled after
// it; after `limit_ms` all that have not ended are. The result has one answer per task; a cancelled one has
// CANCELLED or whatever its task made of that.
// All tasks have ended when it comes. The tasks are asked in order and answers are looked at in order.
template <typename T, typename Make, typename Enough>
Task<std::vector<absl::StatusOr<T>>> GatherUntil(Scope& around, size_t count, int64_t grace_ms, Make make,
                                                 Enough enough,
                                                 std::optional<int64_t> limit_ms = std::nullopt) {
  Flow& flow = around.flow();
  Frame& self = co_await ThisFrame();
  Scope scope(&around);
  Answers<T> answers(count);
  std::vector<Task<T>> tasks;
  tasks.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    tasks.push_back(make(i, scope));
    tasks.back().Start(flow, &self);
  }
  const int64_t start_ms = flow.now_ms();
  std::optional<int64_t> limit;
  if (limit_ms) limit = flow.After(*limit_ms);
  bool has_enough = false;
  std::optional<int64_t> until_ms = limit;
  for (size_t finished = 0; finished < count;) {
    Join join(flow, until_ms);
    co_await join;
    const size_t more = Collect(tasks, answers);
    finished += more;
    if (until_ms && *until_ms <= flow.now_ms()) scope.Cancel();
    if (scope.cancelled()) {
      until_ms.reset();
    } else if (more > 0 && !has_enough && enough(std::as_const(answers))) {
      has_enough = true;
      until_ms = Sooner(limit, flow.After(std::max(grace_ms, flow.now_ms() - start_ms)));
    }
  }
  std::vector<absl::StatusOr<T>> result;
  result.reserve(count);
  for (auto& answer : answers) result.push_back(*std::move(answer));
  co_return result;
}

// The same, waiting for every task, but no longer than `limit_ms`.
template <typename T, typename Make>
Task<std::vector<absl::StatusOr<T>>> GatherAll(Scope& scope, size_t count, Make make,
                                               std::optional<int64_t> limit_ms = std::nullopt) {
  return GatherUntil<T>(
      scope, count, 0, std::move(make), [](const Answers<T>&) { return false; }, limit_ms);
}

}  // namespace labrec::recovery::client::core
