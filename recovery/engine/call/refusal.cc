#include "recovery/engine/call/refusal.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

#include "hsm/base/absl_view.h"

namespace labrec::recovery {
namespace {

constexpr char kWhy[] = "refusal";
constexpr char kOwnWords[] = "own-words";

}  // namespace

absl::Status Refused(std::string_view why, absl::Status status) {
  status.SetPayload(kWhy, absl::Cord(AbslView(why)));
  return status;
}

absl::Status WithRetryAfter(absl::Status status, std::chrono::milliseconds retry_after) {
  status.SetPayload(kRetryAfter, absl::Cord(absl::StrCat(std::max<int64_t>(1, retry_after.count()))));
  return status;
}

absl::Status InOwnWords(absl::Status status) {
  status.SetPayload(kOwnWords, absl::Cord());
  return status;
}

bool IsInOwnWords(const absl::Status& status) {
  return status.GetPayload(kOwnWords).has_value() || status.GetPayload(kWhy).has_value();
}

absl::Status CheckWaits(const Caller& caller) {
  if (caller.IsGone()) {
    return Refused(refusal::kGone, absl::CancelledError("the client waits no more; nothing was done"));
  }
  if (caller.deadline <= std::chrono::steady_clock::now()) {
    return Refused(refusal::kDeadline,
                   absl::DeadlineExceededError("the request's deadline has passed; nothing was done"));
  }
  return absl::OkStatus();
}

std::optional<std::string> RefusalOf(const absl::Status& status) {
  const absl::optional<absl::Cord> why = status.GetPayload(kWhy);
  if (!why) return std::nullopt;
  return std::string(*why);
}

}  // namespace labrec::recovery
