#include "recovery/engine/call/attestation_limiter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

constexpr std::chrono::minutes kWindow{1};

absl::Status ComeBackAt(AttestationLimiter::Time when, AttestationLimiter::Time now, const char* whose) {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(when - now);
  return Refused(
      refusal::kAttestation,
      WithRetryAfter(absl::ResourceExhaustedError(absl::StrCat("attestation takes the device's time, and ",
                                                               whose, " share of this minute is used up")),
                     wait));
}

}  // namespace

absl::Status AttestationLimiter::Admit(const std::string& tenant, const std::string& account, Time now) {
  const std::lock_guard lock(mutex_);
  while (!admitted_.empty() && now - admitted_.front().at >= kWindow) admitted_.pop_front();
  const auto is_his = [&](const Admitted& one) { return one.tenant == tenant && one.account == account; };
  if (std::ranges::count_if(admitted_, is_his) >= limits_.per_minute_and_account) {
    const auto first = std::ranges::find_if(admitted_, is_his);
    return ComeBackAt(first == admitted_.end() ? now + kWindow : first->at + kWindow, now, "this account's");
  }
  if (admitted_.size() >= limits_.per_minute) {
    return ComeBackAt(admitted_.empty() ? now + kWindow : admitted_.front().at + kWindow, now, "everybody's");
  }
  admitted_.push_back({now, tenant, account});
  return absl::OkStatus();
}

}  // namespace labrec::recovery
