#include "recovery/engine/commit/request_queue.h"

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class NumberedTask : public Task {
 public:
  explicit NumberedTask(int n) : Task(Time::max()), number(n) {}
  absl::Status Apply(WorkingSet&, int64_t) override { return absl::OkStatus(); }
  void Committed(KeyWork&) override {}
  void Fail(const absl::Status& status) override {
    told_when = status.GetPayload(kRetryAfter).has_value();
    failed = status.code();
  }

  const int number;
  std::atomic<absl::StatusCode> failed = absl::StatusCode::kOk;
  std::atomic<bool> told_when = false;  // to come back
};

Caller Of(const std::string& account, const std::string& tenant = "chat") {
  return Caller{tenant, account};
}

// Each number has an account of its own.
std::shared_ptr<NumberedTask> Put(RequestQueue& queue, int number, std::optional<Caller> caller = {}) {
  auto task = std::make_shared<NumberedTask>(number);
  auto place = queue.Admit(caller.value_or(Of(std::to_string(number))));
  EXPECT_TRUE(place.ok()) << place.status();
  queue.Push(*std::move(place), task);
  return task;
}

std::vector<int> Numbers(const std::optional<RequestQueue::Batch>& batch) {
  std::vector<int> numbers;
  for (const Waiting& waiting : *batch) numbers.push_back(static_cast<NumberedTask&>(*waiting.task).number);
  return numbers;
}

RequestQueue::Duration AtOnce() {
  return {};
}

TEST(RequestQueue, HandsOutAllThatWaitsUpToTheBatchLimit) {
  RequestQueue queue({10, 10, 3});
  for (int i = 1; i <= 4; ++i) Put(queue, i);
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{1, 2, 3}));
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{4}));
  EXPECT_EQ(queue.depth(), 0U);
}

TEST(RequestQueue, PlacesAreBoundedAndComeBack) {
  RequestQueue queue({2, 2, 10});
  Put(queue, 1);
  {
    const auto place = queue.Admit(Of("another"));
    EXPECT_TRUE(place.ok());
    EXPECT_EQ(queue.Admit(Of("another")).status().code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_TRUE(queue.Admit(Of("another")).ok());
  Put(queue, 2);
  EXPECT_EQ(queue.Admit(Of("another")).status().code(), absl::StatusCode::kResourceExhausted);
  queue.TakeBatch(AtOnce);
  EXPECT_TRUE(queue.Admit(Of("another")).ok());
}

TEST(RequestQueue, AnAccountHasItsShareOfThePlaces) {
  RequestQueue queue({10, 2, 10});
  Put(queue, 1, Of("mallory"));
  {
    const auto preparing = queue.Admit(Of("mallory"));
    EXPECT_TRUE(preparing.ok());
    const absl::Status third = queue.Admit(Of("mallory")).status();
    EXPECT_EQ(third.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(RefusalOf(third), refusal::kAccountQueue);
  }
  Put(queue, 2, Of("mallory"));
  EXPECT_TRUE(queue.Admit(Of("alice")).ok());
  EXPECT_TRUE(queue.Admit(Of("mallory", "mail")).ok()) << "another tenant's account of that name";
  for (int i = 3; i < 6; ++i) Put(queue, i, Caller());  // the realm's own
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{3, 4, 5, 1}));
  Put(queue, 6, Of("mallory"));
  EXPECT_EQ(queue.Admit(Of("mallory")).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(RequestQueue, FullItTakesThePlaceOfWhoHasMost) {
  RequestQueue queue({4, 4, 10});
  std::vector<std::shared_ptr<NumberedTask>> tasks;
  for (int i = 1; i <= 3; ++i) tasks.push_back(Put(queue, i, Of("mallory")));
  Put(queue, 4, Of("alice"));
  EXPECT_TRUE(queue.Admit(Of("bob")).ok());
  EXPECT_EQ(tasks[2]->failed, absl::StatusCode::kResourceExhausted) << "the latest of mallory's";
  EXPECT_TRUE(tasks[2]->told_when) << "else its client does not come back";
  EXPECT_EQ(tasks[1]->failed, absl::StatusCode::kOk);
  Put(queue, 5, Of("carol"));
  EXPECT_EQ(queue.depth(), 4U);
  const absl::Status refused = queue.Admit(Of("alice")).status();
  EXPECT_EQ(RefusalOf(refused), refusal::kQueueFull) << "she would have as many as mallory";
  EXPECT_EQ(tasks[1]->failed, absl::StatusCode::kOk);
}

TEST(RequestQueue, HoldsBackUntilTimeHasComeOrTheBatchIsFull) {
  std::atomic<bool> hold = true;
  const auto hold_back = [&] { return hold ? RequestQueue::Duration(hours(1)) : RequestQueue::Duration(0); };
  RequestQueue queue({10, 10, 3});
  Put(queue, 1);
  std::thread waker([&] {
    Put(queue, 2);
    hold = false;
    queue.Wake();
  });
  EXPECT_EQ(Numbers(queue.TakeBatch(hold_back)), (std::vector{1, 2}));
  waker.join();
  hold = true;
  for (int i = 3; i <= 5; ++i) Put(queue, i);
  EXPECT_EQ(Numbers(queue.TakeBatch(hold_back)), (std::vector{3, 4, 5}));
}

TEST(RequestQueue, AsksAgainWhenTheTimeToHoldBackHasPassed) {
  const auto until = std::chrono::steady_clock::now() + milliseconds(20);
  RequestQueue queue({10, 10, 3});
  Put(queue, 1);
  const auto batch = queue.TakeBatch([&] { return until - std::chrono::steady_clock::now(); });
  EXPECT_EQ(Numbers(batch), (std::vector{1}));
  EXPECT_GE(std::chrono::steady_clock::now(), until);
}

TEST(RequestQueue, InterruptReturnsAnEmptyBatch) {
  RequestQueue queue({10, 10, 3});
  Put(queue, 1);
  queue.Interrupt();
  EXPECT_TRUE(queue.TakeBatch(AtOnce)->empty());
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{1}));
}

TEST(RequestQueue, RefusingFailsThoseWhoWaitAndThoseWhoCome) {
  RequestQueue queue({10, 10, 3});
  const auto waiting = Put(queue, 1);
  auto place = queue.Admit(Of("another"));
  queue.Refuse(absl::UnavailableError("away"));
  EXPECT_EQ(waiting->failed, absl::StatusCode::kUnavailable);
  EXPECT_EQ(queue.Admit(Of("another")).status().code(), absl::StatusCode::kUnavailable);
  const auto preparing = std::make_shared<NumberedTask>(2);
  queue.Push(*std::move(place), preparing);
  EXPECT_EQ(preparing->failed, absl::StatusCode::kUnavailable);
  EXPECT_EQ(queue.depth(), 0U);
  queue.Accept();
  Put(queue, 3);
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{3}));
}

TEST(RequestQueue, ClosedItEndsWhenTheLastPlaceIsGone) {
  RequestQueue queue({10, 10, 3});
  Put(queue, 1);
  auto place = queue.Admit(Of("another"));
  queue.Close();
  EXPECT_TRUE(queue.WaitUntilClosed(seconds(0)));
  EXPECT_EQ(queue.Admit(Of("another")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{1}));
  std::thread preparing([&] { queue.Push(*std::move(place), std::make_shared<NumberedTask>(2)); });
  EXPECT_EQ(Numbers(queue.TakeBatch(AtOnce)), (std::vector{2}));
  preparing.join();
  EXPECT_FALSE(queue.TakeBatch(AtOnce).has_value());
}

}  // namespace
}  // namespace labrec::recovery
