#include "recovery/server/transport/rate_limiter.h"

#include <algorithm>

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using Duration = RateLimiter::Time::duration;

constexpr std::chrono::seconds kBetweenFruitlessLooks{1};

absl::Status TooFast(std::string_view why, const char* whose, Duration wait) {
  const milliseconds rounded_up = duration_cast<milliseconds>(wait) + milliseconds(1);
  absl::Status status = absl::ResourceExhaustedError(std::string(whose) +
                                                     " calls faster than this realm allows; come back in " +
                                                     std::to_string(rounded_up.count()) + " ms");
  return WithRetryAfter(Refused(why, std::move(status)), rounded_up);
}

}  // namespace

RateLimiter::Rate::Rate(double per_second, double burst) {
  if (per_second <= 0) return;
  const std::chrono::duration<double> interval(1 / per_second);
  interval_ = std::max(Duration{1}, duration_cast<Duration>(interval));
  depth_ = duration_cast<Duration>(interval * std::max(1.0, burst));
}

Duration RateLimiter::Rate::Wait(const Bucket& bucket, Time now) const {
  const Time after_this_call = std::max(bucket.full_at, now) + interval_;
  return std::max(Duration{0}, after_this_call - now - depth_);
}

void RateLimiter::Rate::Take(Bucket& bucket, Time now) const {
  bucket.full_at = std::max(bucket.full_at, now) + interval_;
}

RateLimiter::RateLimiter(RateLimits limits, size_t most_accounts)
    : account_rate_(limits.account_per_minute / 60, limits.account_burst),
      tenant_rate_(limits.tenant_per_second, limits.tenant_burst),
      most_accounts_(most_accounts) {}

absl::Status RateLimiter::Take(const std::string& tenant, const std::string& account, Time now) {
  const std::lock_guard lock(mutex_);
  // A thread that was held up after it had looked at the clock is not to be refused for what others took
  // since.
  now = latest_ = std::max(latest_, now);
  Bucket* const of_account = account_rate_.limits() ? AccountBucket(tenant, account, now) : nullptr;
  const Rate& tenant_rate = TenantRate(tenant);
  Bucket* const of_tenant = tenant_rate.limits() ? &tenants_[tenant] : nullptr;
  if (of_account != nullptr) {
    const Duration wait = account_rate_.Wait(*of_account, now);
    if (wait > Duration{0}) return TooFast(refusal::kAccountRate, "this account", wait);
  }
  if (of_tenant != nullptr) {
    const Duration wait = tenant_rate.Wait(*of_tenant, now);
    if (wait > Duration{0}) return TooFast(refusal::kTenantRate, "this tenant", wait);
    tenant_rate.Take(*of_tenant, now);
  }
  if (of_account != nullptr) account_rate_.Take(*of_account, now);
  return absl::OkStatus();
}

void RateLimiter::SetTenantRates(const std::map<std::string, double>& per_second) {
  const std::lock_guard lock(mutex_);
  own_rates_.clear();
  for (const auto& [tenant, rate] : per_second) own_rates_.emplace(tenant, Rate(rate, 2 * rate));
}

const RateLimiter::Rate& RateLimiter::TenantRate(const std::string& tenant) const {
  const auto own = own_rates_.find(tenant);
  return own == own_rates_.end() ? tenant_rate_ : own->second;
}

RateLimiter::Bucket* RateLimiter::AccountBucket(const std::string& tenant, const std::string& account,
                                                Time now) {
  std::string key;
  key.reserve(tenant.size() + 1 + account.size());
  key.append(tenant).append(1, '\0').append(account);
  if (const auto known = accounts_.find(key); known != accounts_.end()) return &known->second;
  if (accounts_.size() >= look_at_) ForgetFull(now);
  if (accounts_.size() >= most_accounts_) return nullptr;
  return &accounts_[std::move(key)];
}

// Twice as many as are left then, before it looks again: a call costs a constant on average.
void RateLimiter::ForgetFull(Time now) {
  if (accounts_.size() >= most_accounts_ && now < looked_ + kBetweenFruitlessLooks) return;
  looked_ = now;
  absl::erase_if(accounts_, [now](const auto& entry) { return entry.second.full_at <= now; });
  look_at_ = std::min(most_accounts_, std::max(kFirstLook, 2 * accounts_.size()));
}

size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return accounts_.size() + tenants_.size();
}

}  // namespace labrec::recovery
