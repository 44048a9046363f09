#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <utility>

#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// A coroutine's wait for an answer of the host, for a time, or for whichever comes first. Lives in the
// coroutine's frame:
//
//   Wait wait(scope, CallStep{...}, deadline_ms);
//   const Reply reply = co_await wait;
//
// Ends with the host's answer; with CANCELLED when the scope is cancelled; with DEADLINE_EXCEEDED at
// `until_ms` or at the scope's limit. A wait for nothing but a time ends with OK then, with DEADLINE_EXCEEDED
// at an earlier limit of the scope. In a scope that has ended it ends at once, and the host hears nothing of
// it. When it ends before the host has answered, the host is told to cancel.
class Wait final : Timer {
 public:
  Wait(Scope& scope, std::optional<Order> order, std::optional<int64_t> until_ms);
  ~Wait() override { Leave(); }

  bool await_ready();
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiter) {
    Begin(waiter.promise());
  }
  Reply await_resume() { return std::move(reply_); }

  StepId id() const { return id_; }
  bool handed_out() const { return handed_out_; }
  bool answered() const { return answered_; }

 private:
  friend class Flow;
  friend class Scope;

  void Begin(Frame& frame);
  Order HandOut();
  void Answered(Reply reply);
  void Finish(Reply reply);
  void Fire() override;
  // Whatever still knows of it does not any more.
  void Leave();
  Reply Overdue() const;

  Scope& scope_;
  std::optional<Order> order_;
  const bool asks_host_;
  const std::optional<int64_t> own_until_ms_;
  const std::optional<int64_t> until_ms_;
  Frame* frame_ = nullptr;  // while it waits
  StepId id_ = 0;
  bool handed_out_ = false;
  bool answered_ = false;
  Reply reply_;
};

}  // namespace labrec::recovery::client::core
