#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "recovery/engine/call/done.h"
#include "recovery/server/watch/traffic.h"

namespace labrec::recovery {

// One unary call under way, over whatever transport it came; copies stand for the same call. It has to be
// finished exactly once, from any thread; afterwards the request, the response and the wire are gone.
class Call {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What a transport does for one call. It ends the call for `traffic` (Traffic::Leave) once the answer is
  // written or the client is gone, and not before Finish.
  class Wire {
   public:
    virtual ~Wire() = default;
    // All values of "authorization"; they live as long as the wire.
    virtual std::vector<std::string_view> Authorizations() const = 0;
    // Until when the caller waits; Time::max() without a deadline.
    virtual Time Deadline() const = 0;
    // Set once the client waits no more; lives on after the call.
    virtual std::shared_ptr<const std::atomic<bool>> Gone() const = 0;
    // The answer: the response as it is now, or this error, which the client may come back after.
    virtual void Finish(const absl::Status& status, std::optional<int64_t> retry_after_ms) = 0;
  };

  // Enters `traffic`.
  Call(Wire& wire, const char* method, Traffic& traffic);

  // Runs `start`, which either hands the call to somebody who will finish it and returns OK, or returns the
  // error to finish it with. A realm that is stopping refuses the call instead.
  template <typename Start>
  void Run(Start start) const {
    const absl::Status started = admitted_ ? start(*this) : Stopping();
    if (!started.ok()) Finish(started);
  }
  void Finish(const absl::Status& status) const;
  const Wire& wire() const { return *wire_; }

  // A continuation for the engine: `fill` puts the value into the response, then the call is finished.
  template <typename T, typename Fill>
  Done<T> Answer(Fill fill) const {
    auto shared = std::make_shared<Fill>(std::move(fill));
    return [call = *this, shared](absl::StatusOr<T> result) {
      if (result.ok()) (*shared)(*result);
      call.Finish(result.status());
    };
  }

  // As Answer, where something else has to end before the client hears the value: `fill` is given the
  // function that finishes the call, and sees to it that it is called once, from whatever thread.
  template <typename T, typename Fill>
  Done<T> AnswerAfter(Fill fill) const {
    auto shared = std::make_shared<Fill>(std::move(fill));
    return [call = *this, shared](absl::StatusOr<T> result) {
      if (!result.ok()) return call.Finish(result.status());
      (*shared)(*result, [call] { call.Finish(absl::OkStatus()); });
    };
  }

 private:
  static absl::Status Stopping();

  Wire* wire_;
  const char* method_;
  Traffic* traffic_;
  bool admitted_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace labrec::recovery
