#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"

#include "recovery/engine/call/done.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/server/watch/traffic.h"

namespace labrec::recovery {

// One unary call under way; copies stand for the same call. It has to be finished exactly once, from any
// thread; afterwards request, response and context are gone.
class Rpc {
 public:
  Rpc(grpc::CallbackServerContext* context, const char* method, Traffic& traffic);

  grpc::ServerUnaryReactor* reactor() const { return reactor_; }
  // False if the realm is stopping and the call is to be refused.
  bool admitted() const { return admitted_; }
  void Finish(const absl::Status& status) const;
  const grpc::CallbackServerContext& context() const { return *context_; }
  // Set once the client waits no more; lives on after the call.
  std::shared_ptr<const std::atomic<bool>> gone() const { return gone_; }

  // A continuation for the engine: `fill` puts the value into the response, then the call is finished.
  template <typename T, typename Fill>
  Done<T> Answer(Fill fill) const {
    auto shared = std::make_shared<Fill>(std::move(fill));
    return [rpc = *this, shared](absl::StatusOr<T> result) {
      if (result.ok()) (*shared)(*result);
      rpc.Finish(result.status());
    };
  }

  // As Answer, where something else has to end before the client hears the value: `fill` is given the
  // function that finishes the call, and sees to it that it is called once, from whatever thread.
  template <typename T, typename Fill>
  Done<T> AnswerAfter(Fill fill) const {
    auto shared = std::make_shared<Fill>(std::move(fill));
    return [rpc = *this, shared](absl::StatusOr<T> result) {
      if (!result.ok()) return rpc.Finish(result.status());
      (*shared)(*result, [rpc] { rpc.Finish(absl::OkStatus()); });
    };
  }

 private:
  grpc::CallbackServerContext* context_;
  std::shared_ptr<std::atomic<bool>> gone_;
  grpc::ServerUnaryReactor* reactor_;
  const char* method_;
  Traffic* traffic_;
  bool admitted_;
  std::chrono::steady_clock::time_point start_;
};

// Until when the caller waits; time_point::max() without a deadline.
std::chrono::steady_clock::time_point DeadlineOf(const grpc::CallbackServerContext& context);

// Starts a call: `start` either hands the Rpc to somebody who will finish it and returns OK, or returns the
// error to finish it with.
template <typename Start>
grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context, const char* method, Traffic& traffic,
                                Start start) {
  const Rpc rpc(context, method, traffic);
  grpc::ServerUnaryReactor* const reactor = rpc.reactor();
  const absl::Status started =
      rpc.admitted()
          ? start(rpc)
          : Refused(refusal::kStopping, absl::UnavailableError("the realm is stopping; nothing was done"));
  if (!started.ok()) rpc.Finish(started);
  return reactor;
}

}  // namespace labrec::recovery
