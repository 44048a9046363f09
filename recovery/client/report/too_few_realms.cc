#include "recovery/client/report/too_few_realms.h"

#include "absl/strings/cord.h"

namespace labrec::recovery::client {
namespace {

constexpr char kTooFewRealms[] = "labyrinth-recovery/too-few-realms";

}  // namespace

absl::Status TooFewRealmsError(const std::string& message) {
  absl::Status status = absl::UnavailableError(message);
  status.SetPayload(kTooFewRealms, absl::Cord());
  return status;
}

bool IsTooFewRealms(const absl::Status& status) {
  return status.GetPayload(kTooFewRealms).has_value();
}

bool IsUnreachable(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsCancelled(status) ||
         absl::IsResourceExhausted(status);
}

}  // namespace labrec::recovery::client
