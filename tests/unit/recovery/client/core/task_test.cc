#include "recovery/client/core/task.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/core/work.h"
#include "tests/unit/recovery/client/core/host.h"

namespace labrec::recovery::client::core {
namespace {

Task<int> Number(int n) {
  co_return n;
}
Task<int> Fails() {
  co_return absl::NotFoundError("none");
}
Task<int> Sum(int n) {
  int sum = 0;
  for (int i = 1; i <= n; ++i) {
    LABREC_CO_ASSIGN_OR_RETURN(const int next, co_await Number(i));
    sum += next;
  }
  co_return sum;
}
Task<int> AfterFailure(bool& went_on) {
  LABREC_CO_ASSIGN_OR_RETURN(const int number, co_await Fails());
  went_on = true;
  co_return number;
}
Task<> Nothing() {
  co_return absl::OkStatus();
}
Task<std::unique_ptr<int>> Moved(std::unique_ptr<int> value) {
  LABREC_CO_RETURN_IF_ERROR(co_await Nothing());
  co_return value;
}
Task<int> Noted(std::vector<int>& order, int n) {
  order.push_back(n);
  co_return n;
}

TEST(Task, DoesNothingBeforeItIsAwaited) {
  std::vector<int> order;
  const auto never = Noted(order, 1);
  EXPECT_TRUE(order.empty());
}

TEST(Task, ComesToAValue) {
  Running<int> operation([](Scope&) { return Sum(1000); });
  EXPECT_TRUE(std::holds_alternative<DoneStep>(operation.Next(0).what));
  EXPECT_EQ(*operation.Take(), 500500);
}

TEST(Task, ComesToAStatus) {
  bool went_on = false;
  Running<int> operation([&](Scope&) { return AfterFailure(went_on); });
  operation.Next(0);
  EXPECT_TRUE(absl::IsNotFound(operation.Take().status()));
  EXPECT_FALSE(went_on);
}

TEST(Task, TakesAndGivesWhatOnlyMoves) {
  Running<std::unique_ptr<int>> operation([](Scope&) { return Moved(std::make_unique<int>(7)); });
  operation.Next(0);
  EXPECT_EQ(**operation.Take(), 7);
}

Task<int> ByWork(Scope& scope, int n) {
  auto own = std::make_unique<int>(n);
  auto work = [own = std::move(own)]() -> absl::StatusOr<int> { return *own * 2; };
  const auto result = co_await Work<int>(scope, std::move(work));
  co_return result;
}

TEST(Work, RunsWhereTheHostLikes) {
  Running<int> operation([](Scope& scope) { return ByWork(scope, 21); });
  const Step step = operation.Next(0);
  const std::shared_ptr<Job> job = std::get<WorkStep>(step.what).job;
  std::thread([&] { job->Run(); }).join();
  operation.Answer(step.id, {});
  EXPECT_TRUE(std::holds_alternative<DoneStep>(operation.Next(0).what));
  EXPECT_EQ(*operation.Take(), 42);
}

TEST(Work, ThatWasNotDoneIsNoResult) {
  Running<int> operation([](Scope& scope) { return ByWork(scope, 21); });
  operation.Answer(operation.Next(0).id, {});
  operation.Next(0);
  EXPECT_TRUE(absl::IsInternal(operation.Take().status()));
}

TEST(Work, OutlivesItsOperation) {
  std::shared_ptr<Job> job;
  {
    Running<int> operation([](Scope& scope) { return ByWork(scope, 21); });
    job = std::get<WorkStep>(operation.Next(0).what).job;
  }
  job->Run();
}

}  // namespace
}  // namespace labrec::recovery::client::core
