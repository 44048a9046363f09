#include "recovery/server/service/rpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/types/optional.h"

namespace labrec::recovery {
namespace {

constexpr int64_t kBusyMillis = 200;  // a queue of 4096 requests is worked off in about that time
constexpr int64_t kAwayMillis = 1000;

}  // namespace

grpc::Status ToRpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

absl::Status ForClients(const absl::Status& status) {
  if (status.ok() || IsInOwnWords(status)) return status;
  if (absl::IsUnavailable(status)) {
    return absl::UnavailableError("the realm's security device is away: send the same again later");
  }
  if (absl::IsDataLoss(status)) {
    return absl::DataLossError(
        "what this realm stored of the account is damaged; its operator has been told");
  }
  return absl::InternalError("an internal error; the realm's log has the details");
}

std::optional<int64_t> RetryAfterMillis(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status) && !absl::IsUnavailable(status)) return std::nullopt;
  int64_t hint = 0;
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryAfter);
  if (payload && absl::SimpleAtoi(std::string(*payload), &hint) && hint > 0) return hint;
  return absl::IsUnavailable(status) ? kAwayMillis : kBusyMillis;
}

}  // namespace labrec::recovery
