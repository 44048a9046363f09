#include "recovery/client/core/wait.h"

#include <vector>

namespace labrec::recovery::client::core {

Wait::Wait(Scope& scope, std::optional<Order> order, std::optional<int64_t> until_ms)
    : Timer(scope.flow()),
      scope_(scope),
      order_(std::move(order)),
      asks_host_(order_.has_value()),
      own_until_ms_(until_ms),
      until_ms_(Sooner(until_ms, scope.until_ms())) {}

Reply Wait::Overdue() const {
  const bool own = own_until_ms_ && *own_until_ms_ <= flow().now_ms();
  if (!asks_host_ && own) return {};
  return {absl::DeadlineExceededError("no answer in time"), {}, {}, {}};
}

bool Wait::await_ready() {
  if (scope_.cancelled()) {
    reply_.status = absl::CancelledError("cancelled");
    return true;
  }
  if (!until_ms_ || *until_ms_ > flow().now_ms()) return false;
  reply_ = Overdue();
  return true;
}

void Wait::Begin(Frame& frame) {
  frame_ = &frame;
  scope_.waits_.push_back(this);
  if (asks_host_) id_ = flow().Begin(*this);
  if (until_ms_) Arm(*until_ms_);
}

Order Wait::HandOut() {
  handed_out_ = true;
  return *std::exchange(order_, std::nullopt);
}

void Wait::Answered(Reply reply) {
  answered_ = true;
  Finish(std::move(reply));
}

void Wait::Finish(Reply reply) {
  Frame& frame = *frame_;
  reply_ = std::move(reply);
  Leave();
  flow().Queue(frame);
}

void Wait::Fire() {
  Finish(Overdue());
}

void Wait::Leave() {
  if (frame_ == nullptr) return;
  frame_ = nullptr;
  Disarm();
  std::erase(scope_.waits_, this);
  if (asks_host_) flow().End(*this);
}

}  // namespace labrec::recovery::client::core
