#pragma once

#include <coroutine>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/client/core/flow.h"

namespace labrec::recovery::client::core {

// What every coroutine's frame knows: the flow that resumes it, and who waits for its end.
class Frame {
 public:
  Frame() = default;
  ~Frame() {
    if (flow != nullptr) flow->Forget(*this);
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // Lets the coroutine run when its turn comes. `waiter` (may be null) is queued when it has ended.
  void Start(Flow& on, Frame* waiter) {
    flow = &on;
    parent = waiter;
    on.Queue(*this);
  }

  Flow* flow = nullptr;
  Frame* parent = nullptr;
  std::coroutine_handle<> handle;
  bool queued = false;
  bool ended = false;
};

// A step of an operation, as a coroutine: it does nothing before it is awaited (or started), and comes to a
// value or a Status. Owns its frame; destroying it destroys whatever it waits for. No exceptions: one that
// escapes aborts.
//
//   Task<Bytes> Challenge(Scope& scope, Realm& realm) { ... co_return bytes; }
//   LABREC_CO_ASSIGN_OR_RETURN(const Bytes challenge, co_await Challenge(scope, realm));
//
// References among a coroutine's arguments must live until it has ended: the caller awaits it, so what the
// caller holds does. GCC 12 frees some temporaries of a co_await's expression twice: closures that own
// something, values made by braces, and whatever stands in ?: and &&. Give these a name, and move it in.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using Result = std::conditional_t<std::is_void_v<T>, absl::Status, absl::StatusOr<T>>;

  struct promise_type : Frame {
    Task get_return_object() {
      auto self = std::coroutine_handle<promise_type>::from_promise(*this);
      this->handle = self;
      return Task(self);
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      this->ended = true;
      if (this->parent != nullptr) this->flow->Queue(*this->parent);
      return std::suspend_always();
    }
    void return_value(Result value) { result.emplace(std::move(value)); }
    void unhandled_exception() { std::abort(); }

    std::optional<Result> result;
  };

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  void Start(Flow& flow, Frame* waiter) { frame_.promise().Start(flow, waiter); }
  bool done() const { return frame_.promise().ended; }
  // Once, after done().
  Result Take() { return *std::move(frame_.promise().result); }
  const Result& result() const { return *frame_.promise().result; }

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiter) {
    Frame& frame = waiter.promise();
    Start(*frame.flow, &frame);
  }
  Result await_resume() { return Take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

// The frame of the coroutine that awaits it, which goes on at once.
class ThisFrame {
 public:
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    frame_ = &self.promise();
    return false;
  }
  Frame& await_resume() const noexcept { return *frame_; }

 private:
  Frame* frame_ = nullptr;
};

}  // namespace labrec::recovery::client::core

// As in hsm/base/status_macros.h, in a coroutine.
#define LABREC_CO_RETURN_IF_ERROR(expr)                 \
  do {                                                  \
    absl::Status labrec_status_ = (expr);               \
    if (!labrec_status_.ok()) co_return labrec_status_; \
  } while (false)
#define LABREC_CO_ASSIGN_OR_RETURN(lhs, expr) \
  LABREC_CO_ASSIGN_OR_RETURN_(LABREC_CO_CONCAT_(labrec_statusor_, __LINE__), lhs, expr)
#define LABREC_CO_CONCAT_INNER_(a, b) a##b
#define LABREC_CO_CONCAT_(a, b) LABREC_CO_CONCAT_INNER_(a, b)
#define LABREC_CO_ASSIGN_OR_RETURN_(result, lhs, expr)    \
  auto result = (expr);                                   \
  if (!result.ok()) co_return std::move(result).status(); \
  lhs = *std::move(result)
