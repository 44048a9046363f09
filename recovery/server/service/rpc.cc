#include "recovery/server/service/rpc.h"

#include <string>

#include "recovery/api/retry_after.h"
#include "recovery/server/service/rpc_status.h"

namespace labrec::recovery {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

class Reactor : public grpc::ServerUnaryReactor, public Call::Wire {
 public:
  Reactor(grpc::CallbackServerContext* context, Traffic& traffic) : context_(context), traffic_(traffic) {}

  std::vector<std::string_view> Authorizations() const override {
    std::vector<std::string_view> values;
    const auto [first, last] = context_->client_metadata().equal_range("authorization");
    for (auto field = first; field != last; ++field)
      values.emplace_back(field->second.data(), field->second.size());
    return values;
  }
  Call::Time Deadline() const override { return DeadlineOf(*context_); }
  std::shared_ptr<const std::atomic<bool>> Gone() const override { return gone_; }
  void Finish(const absl::Status& status, std::optional<int64_t> retry_after_ms) override {
    if (retry_after_ms) context_->AddTrailingMetadata(kRetryAfter, std::to_string(*retry_after_ms));
    grpc::ServerUnaryReactor::Finish(ToRpcStatus(status));
  }

  // The client cancelled, its connection broke, or its deadline passed.
  void OnCancel() override { *gone_ = true; }
  void OnDone() override {
    traffic_.Leave();
    delete this;
  }

 private:
  grpc::CallbackServerContext* const context_;
  Traffic& traffic_;
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

Rpc NewRpc(grpc::CallbackServerContext* context, const char* method, Traffic& traffic) {
  auto* const reactor = new Reactor(context, traffic);
  return {Call(*reactor, method, traffic), reactor};
}

Call::Time DeadlineOf(const grpc::CallbackServerContext& context) {
  const SystemTime deadline = context.deadline();
  const auto left = deadline - std::chrono::system_clock::now();
  if (deadline == SystemTime::max() || left > std::chrono::hours(24)) return Call::Time::max();
  return std::chrono::steady_clock::now() + left;
}

}  // namespace labrec::recovery
