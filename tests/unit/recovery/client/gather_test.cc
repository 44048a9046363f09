#include "recovery/client/grpc/gather.h"

#include <atomic>

#include <gtest/gtest.h>

#include "recovery/client/grpc/retry_pause.h"

namespace labrec::recovery::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kForever{60'000};

size_t Done(const Answers<int>& answers) {
  return static_cast<size_t>(
      std::ranges::count_if(answers, [](const auto& answer) { return answer.has_value(); }));
}

TEST(Gather, GivesEveryAnswerInOrder) {
  const auto answers = GatherAll<int>(5, [](size_t i, Cancellation&) -> absl::StatusOr<int> {
    if (i == 3) return absl::NotFoundError("three");
    return static_cast<int>(i) * 10;
  });
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_EQ(*answers[0], 0);
  EXPECT_EQ(*answers[4], 40);
  EXPECT_TRUE(absl::IsNotFound(answers[3].status()));
}

TEST(Gather, NothingToAskIsNoAnswer) {
  EXPECT_TRUE(GatherAll<int>(0, [](size_t, Cancellation&) -> absl::StatusOr<int> { return 1; }).empty());
}

TEST(Gather, CancelsStragglersOnceThereIsEnough) {
  const auto start = steady_clock::now();
  const auto answers = GatherUntil<int>(
      3, milliseconds(1),
      [](size_t i, Cancellation& cancellation) -> absl::StatusOr<int> {
        if (i == 1 && cancellation.WaitFor(kForever)) return absl::CancelledError("late");
        return 1;
      },
      [](const Answers<int>& so_far) { return Done(so_far) >= 2; });
  EXPECT_TRUE(answers[0].ok());
  EXPECT_TRUE(absl::IsCancelled(answers[1].status()));
  EXPECT_TRUE(answers[2].ok());
  EXPECT_LT(steady_clock::now() - start, kForever / 2);
}

// The grace time is a limit, not a pause: it ends when the last answer is there.
TEST(Gather, GraceEndsWithTheLastAnswer) {
  const auto start = steady_clock::now();
  std::atomic<bool> enough_was_seen = false;
  const auto answers = GatherUntil<int>(
      2, kForever,
      [&](size_t i, Cancellation& cancellation) -> absl::StatusOr<int> {
        while (i == 1 && !enough_was_seen) cancellation.WaitFor(milliseconds(1));
        return 1;
      },
      [&](const Answers<int>& so_far) {
        enough_was_seen = Done(so_far) == 1;
        return enough_was_seen.load();
      });
  EXPECT_TRUE(answers[0].ok());
  EXPECT_TRUE(answers[1].ok());
  EXPECT_LT(steady_clock::now() - start, kForever / 2);
}

TEST(Gather, WaitsForNobodyBeyondItsLimit) {
  const auto start = steady_clock::now();
  const auto answers = GatherAll<int>(
      2,
      [](size_t i, Cancellation& cancellation) -> absl::StatusOr<int> {
        if (i == 1 && cancellation.WaitFor(kForever)) return absl::CancelledError("late");
        return 1;
      },
      milliseconds(20));
  EXPECT_TRUE(answers[0].ok());
  EXPECT_TRUE(absl::IsCancelled(answers[1].status()));
  EXPECT_LT(steady_clock::now() - start, kForever / 2);
}

TEST(Cancellation, StaysCancelled) {
  Cancellation cancellation;
  EXPECT_FALSE(cancellation.WaitFor(milliseconds(0)));
  cancellation.Cancel();
  EXPECT_TRUE(cancellation.cancelled());
  EXPECT_TRUE(cancellation.WaitFor(kForever));
}

TEST(RetryPause, GrowsUpToASecond) {
  milliseconds longest{0};
  for (int i = 0; i < 1000; ++i) {
    const milliseconds first = RetryPause(0);
    EXPECT_GE(first, milliseconds(1));
    EXPECT_LE(first, milliseconds(50));
    const milliseconds late = RetryPause(100);
    EXPECT_LE(late, milliseconds(1000));
    longest = std::max(longest, late);
  }
  EXPECT_GT(longest, milliseconds(500));
}

}  // namespace
}  // namespace labrec::recovery::client
