#include "recovery/client/tokens/realm_token.h"

#include <utility>

#include "hsm/base/status_macros.h"

namespace labrec::recovery::client {
namespace {

// A token that expires so soon is taken as expired: it has to arrive yet.
constexpr int64_t kAheadMillis = 10'000;
// A token that was fetched so lately is not fetched again, however old this host's clock says it is.
constexpr int64_t kFreshMillis = 10'000;

}  // namespace

absl::StatusOr<std::string> RealmToken::Get(const Cancelled& cancelled) {
  const std::lock_guard lock(mutex_);
  if (!token_ || Expired()) LABREC_RETURN_IF_ERROR(Fetch(cancelled));
  return token_->text;
}

std::optional<std::string> RealmToken::Held() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || !token_ || Expired()) return std::nullopt;
  return token_->text;
}

bool RealmToken::Renew(const std::string& refused, const Cancelled& cancelled) {
  const std::lock_guard lock(mutex_);
  if (token_ && token_->text != refused) return true;
  return Fetch(cancelled).ok() && token_->text != refused;
}

bool RealmToken::Expired() const {
  const int64_t now = clock_.NowMillis();
  const bool fresh = now >= fetched_at_ms_ && now - fetched_at_ms_ < kFreshMillis;
  return !fresh && token_->expires_at_ms && now + kAheadMillis >= *token_->expires_at_ms;
}

absl::Status RealmToken::Fetch(const Cancelled& cancelled) {
  LABREC_ASSIGN_OR_RETURN(BearerToken token, fetch_(cancelled));
  LABREC_RETURN_IF_ERROR(CheckIsFor(token, realm_id_));
  token_ = std::move(token);
  fetched_at_ms_ = clock_.NowMillis();
  return absl::OkStatus();
}

}  // namespace labrec::recovery::client
