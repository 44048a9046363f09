#include "recovery/server/service/rpc.h"

#include <optional>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "recovery/server/service/rpc_status.h"

namespace labrec::recovery {
namespace {

using SystemTime = std::chrono::system_clock::time_point;
using SteadyTime = std::chrono::steady_clock::time_point;

// Lives as long as gRPC needs it: until the answer was written, or the client is gone.
class Reactor : public grpc::ServerUnaryReactor {
 public:
  Reactor(Traffic& traffic, std::shared_ptr<std::atomic<bool>> gone)
      : traffic_(traffic), gone_(std::move(gone)) {}
  // The client cancelled, its connection broke, or its deadline passed.
  void OnCancel() override { *gone_ = true; }
  void OnDone() override {
    traffic_.Leave();
    delete this;
  }

 private:
  Traffic& traffic_;
  const std::shared_ptr<std::atomic<bool>> gone_;
};

bool IsOperators(std::string_view method) {
  return method.starts_with("Admin.");
}

// What the operator has to know about: what its client does not hear. A device that is away is not among it,
// as its comings and goings are in the log.
bool IsOperatorsMatter(const absl::Status& status) {
  return !status.ok() && !IsInOwnWords(status) && !absl::IsUnavailable(status);
}

}  // namespace

Rpc::Rpc(grpc::CallbackServerContext* context, const char* method, Traffic& traffic)
    : context_(context),
      gone_(std::make_shared<std::atomic<bool>>(false)),
      reactor_(new Reactor(traffic, gone_)),
      method_(method),
      traffic_(&traffic),
      admitted_(traffic.Enter()),
      start_(std::chrono::steady_clock::now()) {}

void Rpc::Finish(const absl::Status& status) const {
  const grpc::Status answer = ToRpcStatus(IsOperators(method_) ? status : ForClients(status));
  if (!IsOperators(method_) && IsOperatorsMatter(status)) spdlog::error("{}: {}", method_, status.ToString());
  if (const std::optional<int64_t> later = RetryAfterMillis(status)) {
    context_->AddTrailingMetadata(kRetryAfter, std::to_string(*later));
  }
  if (const std::optional<std::string> why = RefusalOf(status)) traffic_->metrics().Refused(*why);
  traffic_->metrics().CallFinished(method_, static_cast<absl::StatusCode>(answer.error_code()),
                                   std::chrono::steady_clock::now() - start_);
  reactor_->Finish(answer);
}

SteadyTime DeadlineOf(const grpc::CallbackServerContext& context) {
  const SystemTime deadline = context.deadline();
  const auto left = deadline - std::chrono::system_clock::now();
  if (deadline == SystemTime::max() || left > std::chrono::hours(24)) return SteadyTime::max();
  return std::chrono::steady_clock::now() + left;
}

}  // namespace labrec::recovery
