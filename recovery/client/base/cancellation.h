#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

namespace labrec::recovery::client {

// Ends calls and waits that nobody needs any more. Once cancelled it stays so. Any thread.
class Cancellation {
 public:
  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  void Cancel();
  bool cancelled() const;
  // Waits until the time is over or Cancel() is called; true if it was.
  bool WaitFor(std::chrono::milliseconds time);

  // While it lives, Cancel() calls `end_call` too; after Cancel() this calls it at once. `end_call` must not
  // block, nor touch the cancellation.
  class Watch {
   public:
    Watch(Cancellation& cancellation, std::function<void()> end_call);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Cancellation& cancellation_;
    const std::function<void()> end_call_;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::set<const std::function<void()>*> calls_;
};

}  // namespace labrec::recovery::client
