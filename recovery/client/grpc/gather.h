#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/client/base/cancellation.h"

namespace labrec::recovery::client {

// What realms have answered so far; nullopt for those still at it.
template <typename T>
using Answers = std::vector<std::optional<absl::StatusOr<T>>>;

// Runs call(0..count-1), each in a thread of its own, and waits for them. As soon as `enough(answers)` holds,
// stragglers get a grace time, `grace` or as long again as it took to get there, and are cancelled after it.
// The result has one answer per call; a cancelled one has CANCELLED or whatever its call made of that.
// `enough` runs in the calling thread, while no call can write an answer. All threads have ended on return.
// After `limit` all that have not answered are cancelled.
template <typename T, typename Call, typename Enough>
std::vector<absl::StatusOr<T>> GatherUntil(size_t count, std::chrono::milliseconds grace, const Call& call,
                                           const Enough& enough,
                                           std::chrono::milliseconds limit = std::chrono::hours(24)) {
  using Clock = std::chrono::steady_clock;
  Answers<T> answers(count);
  Cancellation cancellation;
  std::mutex mutex;
  std::condition_variable changed;
  size_t finished = 0;

  const Clock::time_point start = Clock::now();
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      absl::StatusOr<T> answer = call(i, cancellation);
      const std::lock_guard lock(mutex);
      answers[i].emplace(std::move(answer));
      ++finished;
      changed.notify_all();
    });
  }
  {
    std::unique_lock lock(mutex);
    size_t seen = 0;
    while (seen < count) {
      if (!changed.wait_until(lock, start + limit, [&] { return finished > seen; })) break;
      seen = finished;
      if (seen == count || !enough(answers)) continue;
      const auto end = std::min<Clock::time_point>(
          start + limit, Clock::now() + std::max<Clock::duration>(grace, Clock::now() - start));
      changed.wait_until(lock, end, [&] { return finished == count; });
      break;
    }
  }
  cancellation.Cancel();
  for (std::thread& thread : threads) thread.join();

  std::vector<absl::StatusOr<T>> result;
  result.reserve(count);
  for (auto& answer : answers) result.push_back(*std::move(answer));
  return result;
}

// The same, waiting for every call, but no longer than `limit`.
template <typename T, typename Call>
std::vector<absl::StatusOr<T>> GatherAll(size_t count, const Call& call,
                                         std::chrono::milliseconds limit = std::chrono::hours(24)) {
  return GatherUntil<T>(
      count, std::chrono::milliseconds(0), call, [](const Answers<T>&) { return false; }, limit);
}

}  // namespace labrec::recovery::client
