#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

namespace grpc {
class ClientContext;
}

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

  // While it lives, Cancel() cancels this call too.
  class Watch {
   public:
    Watch(Cancellation& cancellation, grpc::ClientContext& context);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Cancellation& cancellation_;
    grpc::ClientContext& context_;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::set<grpc::ClientContext*> contexts_;
};

}  // namespace labrec::recovery::client
