#include "recovery/server/service/call.h"

#include <string>

#include <spdlog/spdlog.h>

#include "recovery/engine/call/refusal.h"
#include "recovery/server/service/rpc_status.h"

namespace labrec::recovery {
namespace {

bool IsOperators(std::string_view method) {
  return method.starts_with("Admin.");
}

// What the operator has to know about: what its client does not hear. A device that is away is not among it,
// as its comings and goings are in the log.
bool IsOperatorsMatter(const absl::Status& status) {
  return !status.ok() && !IsInOwnWords(status) && !absl::IsUnavailable(status);
}

}  // namespace

Call::Call(Wire& wire, const char* method, Traffic& traffic)
    : wire_(&wire),
      method_(method),
      traffic_(&traffic),
      admitted_(traffic.Enter()),
      start_(std::chrono::steady_clock::now()) {}

absl::Status Call::Stopping() {
  return Refused(refusal::kStopping, absl::UnavailableError("the realm is stopping; nothing was done"));
}

void Call::Finish(const absl::Status& status) const {
  const absl::Status answer = IsOperators(method_) ? status : ForClients(status);
  if (!IsOperators(method_) && IsOperatorsMatter(status)) spdlog::error("{}: {}", method_, status.ToString());
  if (const std::optional<std::string> why = RefusalOf(status)) traffic_->metrics().Refused(*why);
  traffic_->metrics().CallFinished(method_, answer.code(), std::chrono::steady_clock::now() - start_);
  wire_->Finish(answer, RetryAfterMillis(status));
}

}  // namespace labrec::recovery
