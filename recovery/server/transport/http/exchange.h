#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "recovery/server/transport/http/message.h"

namespace labrec::recovery {

// One request of a connection, to be answered once, from any thread. Dropped without an answer, it closes the
// connection. The server's Stop waits until it is gone.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  const HttpRequest& request() const { return request_; }
  // Set once nobody waits for the answer: the connection broke, or SetDeadline's time came. Lives on
  // afterwards.
  std::shared_ptr<const std::atomic<bool>> gone() const { return gone_; }
  // Sends `late` at that time, if nothing was answered by then.
  virtual void SetDeadline(std::chrono::steady_clock::time_point when, HttpAnswer late) = 0;
  // Sends the answer, if somebody waits for it still. `done` is called once, from any thread, when it was
  // written or will not be.
  virtual void Answer(HttpAnswer answer, std::function<void()> done) = 0;

 protected:
  HttpExchange(HttpRequest request, std::shared_ptr<const std::atomic<bool>> gone)
      : request_(std::move(request)), gone_(std::move(gone)) {}

 private:
  const HttpRequest request_;
  const std::shared_ptr<const std::atomic<bool>> gone_;
};

}  // namespace labrec::recovery
