#include "recovery/engine/device/executor.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "recovery/engine/device/moving_average.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;

TEST(MovingAverage, FollowsWhatIsMeasured) {
  MovingAverage average;
  EXPECT_EQ(average.mean(), milliseconds(0));
  average.Add(milliseconds(80));
  EXPECT_EQ(average.mean(), milliseconds(80));
  average.Add(milliseconds(160));
  EXPECT_EQ(average.mean(), milliseconds(90));
  for (int i = 0; i < 100; ++i) average.Add(milliseconds(8));
  EXPECT_LT(average.mean(), milliseconds(9));
}

TEST(DeviceExecutor, RunsInOrderButForTheFront) {
  std::string order;
  std::promise<void> go;
  {
    DeviceExecutor executor(1, [](const DeviceExecutor::Load&) {});
    executor.Submit(JobKind::kEvaluation, 1, [&] { go.get_future().wait(); });
    for (const char c : {'a', 'b'}) executor.Submit(JobKind::kEvaluation, 1, [&, c] { order += c; });
    executor.Submit(
        JobKind::kAnchor, 1, [&] { order += 'F'; }, Turn::kNext);
    executor.Submit(
        JobKind::kAnchor, 1, [&] { order += 'B'; }, Turn::kLast);
    go.set_value();
  }  // ends when all have run
  EXPECT_EQ(order, "FabB");
}

TEST(DeviceExecutor, KnowsHowLongTheOldestCallTakes) {
  std::promise<void> begun, go;
  DeviceExecutor executor(2, [](const DeviceExecutor::Load&) {});
  EXPECT_EQ(executor.oldest_call(), milliseconds(0));
  executor.Submit(JobKind::kEvaluation, 1, [&] {
    begun.set_value();
    go.get_future().wait();
  });
  begun.get_future().wait();
  while (executor.oldest_call() == DeviceExecutor::Duration(0)) std::this_thread::yield();
  const auto first = executor.oldest_call();
  executor.Run(
      JobKind::kEvaluation, [] {}, Turn::kNext);
  EXPECT_GT(executor.oldest_call(), first) << "a later one beside it does not matter";
  EXPECT_EQ(executor.idle(), milliseconds(0));
  go.set_value();
  executor.Finish();
  EXPECT_EQ(executor.oldest_call(), milliseconds(0));
  EXPECT_GT(executor.idle(), milliseconds(0));
}

// Most threads that were inside a job at the same time.
class Crowd {
 public:
  void Visit() {
    const int now = ++inside_;
    int most = most_;
    while (now > most && !most_.compare_exchange_weak(most, now)) continue;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    --inside_;
    ++visits_;
  }
  int most() const { return most_; }
  int visits() const { return visits_; }

 private:
  std::atomic<int> inside_ = 0;
  std::atomic<int> most_ = 0;
  std::atomic<int> visits_ = 0;
};

// Whoever runs the jobs, the device has no more calls at a time than it bears.
TEST(DeviceExecutor, NeverMoreCallsThanTheDeviceBears) {
  for (const int bears : {1, 3}) {
    Crowd crowd;
    {
      DeviceExecutor executor(bears, [](const DeviceExecutor::Load&) {});
      const auto call = [&] {
        for (int i = 0; i < 25; ++i) {
          executor.Submit(JobKind::kDerivation, 1, [&] { crowd.Visit(); });
          executor.Run(
              JobKind::kAnchor, [&] { crowd.Visit(); }, i % 2 == 0 ? Turn::kNext : Turn::kLast);
        }
      };
      std::vector<std::thread> callers;
      for (int i = 0; i < 6; ++i) callers.emplace_back(call);
      for (std::thread& caller : callers) caller.join();
    }
    EXPECT_EQ(crowd.visits(), 6 * 25 * 2);
    EXPECT_LE(crowd.most(), bears);
  }
}

TEST(DeviceExecutor, WhoWaitsRunsTheJobItselfIfNothingElseIsToBeDone) {
  std::thread::id ran_by;
  const auto note = [&] { ran_by = std::this_thread::get_id(); };
  DeviceExecutor executor(1, [](const DeviceExecutor::Load&) {});
  executor.Run(JobKind::kAnchor, note, Turn::kLast);
  EXPECT_EQ(ran_by, std::this_thread::get_id());

  std::promise<void> started;
  std::promise<void> go;
  executor.Submit(JobKind::kEvaluation, 1, [&] {
    started.set_value();
    go.get_future().wait();
  });
  started.get_future().wait();
  std::thread caller([&] { executor.Run(JobKind::kAnchor, note, Turn::kLast); });
  const std::thread::id other = caller.get_id();
  while (!executor.HasWaiting()) std::this_thread::yield();
  go.set_value();
  caller.join();
  EXPECT_NE(ran_by, std::this_thread::get_id());
  EXPECT_NE(ran_by, other);
}

// A job that comes while a caller holds the device is begun when that one is done.
TEST(DeviceExecutor, AJobBehindACallersOwnIsNotForgotten) {
  DeviceExecutor executor(1, [](const DeviceExecutor::Load&) {});
  for (int i = 0; i < 50; ++i) {
    auto done = std::make_shared<std::promise<void>>();  // the worker may be in set_value when this ends
    executor.Run(
        JobKind::kAnchor, [&] { executor.Submit(JobKind::kEvaluation, 1, [done] { done->set_value(); }); },
        Turn::kNext);
    ASSERT_EQ(done->get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  }
}

TEST(DeviceExecutor, SeveralThreadsWorkAtATime) {
  std::promise<void> first_here;
  std::promise<void> second_here;
  auto first = first_here.get_future().share();
  auto second = second_here.get_future().share();
  std::atomic<int> met = 0;
  const auto meet = [&met](std::promise<void>& here, const std::shared_future<void>& other) {
    here.set_value();
    if (other.wait_for(std::chrono::seconds(30)) == std::future_status::ready) ++met;
  };
  {
    DeviceExecutor executor(2, [](const DeviceExecutor::Load&) {});
    executor.Submit(JobKind::kEvaluation, 1, [&] { meet(first_here, second); });
    executor.Submit(JobKind::kEvaluation, 1, [&] { meet(second_here, first); });
  }
  EXPECT_EQ(met, 2);
}

TEST(DeviceExecutor, BacklogIsWhatSuchJobsTookLately) {
  std::atomic<int> progress = 0;
  DeviceExecutor executor(1, [&](const DeviceExecutor::Load&) { ++progress; });
  EXPECT_EQ(executor.load().backlog, milliseconds(0));
  executor.Run(
      JobKind::kEvaluation, [] { std::this_thread::sleep_for(milliseconds(10)); }, Turn::kLast);
  while (progress == 0) std::this_thread::yield();  // the caller returns before the job's time is noted
  std::promise<void> go;
  auto gone = go.get_future().share();
  for (int i = 0; i < 3; ++i) executor.Submit(JobKind::kEvaluation, 2, [gone] { gone.wait(); });
  EXPECT_GE(executor.load().backlog,
            milliseconds(4 * 10));  // two jobs wait; the third has been running a while
  go.set_value();
  executor.Run(
      JobKind::kAnchor, [] {}, Turn::kLast);
  EXPECT_LT(executor.load().backlog, milliseconds(10));
  EXPECT_GE(progress, 4);
}

// A job that waits for its device, and one that is computed here.
std::chrono::nanoseconds ThreadProcessorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(DeviceExecutor, WaitingShareOfAJobThatWaits) {
  std::atomic<int> progress = 0;
  DeviceExecutor waits(1, [&](const DeviceExecutor::Load&) { ++progress; });
  EXPECT_EQ(waits.load().waiting_share, 1);
  waits.Run(
      JobKind::kEvaluation, [] { std::this_thread::sleep_for(milliseconds(50)); }, Turn::kLast);
  while (progress == 0) std::this_thread::yield();
  EXPECT_GT(waits.load().waiting_share, 0.9);
}

// On a busy machine it waits for a processor too, so what it may be follows from what the job saw itself.
TEST(DeviceExecutor, WaitingShareOfAJobThatComputes) {
  using Seconds = std::chrono::duration<double>;
  std::atomic<int> progress = 0;
  DeviceExecutor computes(1, [&](const DeviceExecutor::Load&) { ++progress; });
  Seconds seen_by_the_job{0};
  Seconds used{0};
  const auto before = std::chrono::steady_clock::now();
  computes.Run(
      JobKind::kEvaluation,
      [&] {
        const auto start = std::chrono::steady_clock::now();
        const auto first = ThreadProcessorTime();
        while (ThreadProcessorTime() - first < milliseconds(20)) continue;
        used = ThreadProcessorTime() - first;
        seen_by_the_job = std::chrono::steady_clock::now() - start;
      },
      Turn::kLast);
  while (progress == 0) std::this_thread::yield();
  const Seconds seen_from_outside = std::chrono::steady_clock::now() - before;
  const double share = computes.load().waiting_share;
  EXPECT_LE(share, 1 - used / seen_from_outside);
  EXPECT_GE(share, 1 - (used + milliseconds(5)) / seen_by_the_job);
}

}  // namespace
}  // namespace labrec::recovery
