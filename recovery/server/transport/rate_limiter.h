#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace labrec::recovery {

// How fast accounts and tenants may call. A rate of 0 is none: no limit.
struct RateLimits {
  double account_per_minute = 60;
  double account_burst = 120;
  double tenant_per_second = 2000;
  double tenant_burst = 4000;
};

// Token buckets: an account or tenant that was quiet for long may make `burst` calls at once, and then as
// many as come back at its rate. Memory: an account is kept only while its bucket is not full, which is about
// as many accounts as were seen during account_burst / account_per_minute, and never more than
// `kMostAccounts`: beyond that, accounts that are not known yet are let through, as a crowd is the queue's
// matter. Threads: any.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kMostAccounts = 1U << 18;

  explicit RateLimiter(RateLimits limits, size_t most_accounts = kMostAccounts);

  // `now` is when the call came; between two threads' calls it may seem to run backwards.
  // Takes one call from both buckets; RESOURCE_EXHAUSTED, a refusal that says when to come back, takes from
  // neither: so calls of an account over its rate cost its tenant nothing.
  absl::Status Take(const std::string& tenant, const std::string& account, Time now);

  // Calls a second that tenants may make who have a rate of their own, twice as many at once; 0: no limit.
  // Others have the common one.
  void SetTenantRates(const std::map<std::string, double>& per_second);

  // Accounts and tenants that are kept.
  size_t size() const;

 private:
  // A bucket is the time at which it is full again (as in the generic cell rate algorithm, ITU-T I.371).
  struct Bucket {
    Time full_at;
  };
  class Rate {
   public:
    Rate(double per_second, double burst);
    bool limits() const { return interval_ > Time::duration::zero(); }
    // How long until a call may be taken; 0: now.
    Time::duration Wait(const Bucket& bucket, Time now) const;
    void Take(Bucket& bucket, Time now) const;

   private:
    Time::duration interval_{0};  // in which one call comes back
    Time::duration depth_{0};     // in which an empty bucket fills up
  };

  const Rate& TenantRate(const std::string& tenant) const;
  Bucket* AccountBucket(const std::string& tenant, const std::string& account, Time now);
  void ForgetFull(Time now);

  const Rate account_rate_;
  const Rate tenant_rate_;
  const size_t most_accounts_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> accounts_;
  std::map<std::string, Bucket> tenants_;
  std::map<std::string, Rate> own_rates_;
  size_t look_at_ = kFirstLook;  // so many accounts, and full buckets are looked for
  Time looked_;
  Time latest_;  // that any call came
  static constexpr size_t kFirstLook = 1024;
};

}  // namespace labrec::recovery
