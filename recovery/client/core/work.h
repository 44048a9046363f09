#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"

#include "recovery/client/core/task.h"
#include "recovery/client/core/wait.h"

namespace labrec::recovery::client::core {

// A job whose work is a function: `Result work()`.
template <typename Function>
class JobOf final : public Job {
 public:
  using Result = std::invoke_result_t<Function&>;
  explicit JobOf(Function work) : work_(std::move(work)) {}
  void Run() override {
    if (!result_) result_.emplace(work_());
  }
  std::optional<Result> Take() { return std::exchange(result_, std::nullopt); }

 private:
  Function work_;
  std::optional<Result> result_;
};

// Has the host run `work`, a function without arguments that gives absl::StatusOr<T> and owns all that it
// uses: it may run on another thread, while the operation goes on or is gone. INTERNAL if the host says that
// it ran and it did not; the host's error; CANCELLED.
template <typename T, typename Function>
Task<T> Work(Scope& scope, Function work) {
  const auto job = std::make_shared<JobOf<Function>>(std::move(work));
  Wait wait(scope, WorkStep{job}, std::nullopt);
  const Reply reply = co_await wait;
  if (!reply.status.ok()) co_return reply.status;
  std::optional<absl::StatusOr<T>> result = job->Take();
  if (!result) co_return absl::InternalError("the host answered for work that it did not do");
  co_return *std::move(result);
}

}  // namespace labrec::recovery::client::core
