#include "recovery/client/grpc/cancellation.h"

#include <grpcpp/client_context.h>

namespace labrec::recovery::client {

void Cancellation::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
  changed_.notify_all();
}

bool Cancellation::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool Cancellation::WaitFor(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return cancelled_; });
}

Cancellation::Watch::Watch(Cancellation& cancellation, grpc::ClientContext& context)
    : cancellation_(cancellation), context_(context) {
  const std::lock_guard lock(cancellation_.mutex_);
  cancellation_.contexts_.insert(&context_);
  if (cancellation_.cancelled_) context_.TryCancel();
}

Cancellation::Watch::~Watch() {
  const std::lock_guard lock(cancellation_.mutex_);
  cancellation_.contexts_.erase(&context_);
}

}  // namespace labrec::recovery::client
