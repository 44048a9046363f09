#include "recovery/server/service/tenants.h"

#include <utility>

#include "absl/status/status.h"

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {

void Tenants::Set(std::vector<TenantSettings> tenants) {
  std::map<std::string, TenantSettings> next;
  for (TenantSettings& each : tenants) next.insert_or_assign(each.keys.name, std::move(each));
  const std::lock_guard lock(mutex_);
  tenants_.swap(next);
}

std::vector<TenantSettings> Tenants::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<TenantSettings> all;
  for (const auto& [name, settings] : tenants_) all.push_back(settings);
  return all;
}

bool Tenants::Has(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return tenants_.contains(name);
}

absl::StatusOr<TenantTerms> Tenants::TermsOf(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(name);
  if (found == tenants_.end()) {
    return InOwnWords(absl::UnauthenticatedError("token: \"iss\" is no tenant of this realm"));
  }
  if (found->second.disabled) {
    return InOwnWords(
        absl::PermissionDeniedError("the realm's operator has disabled this platform; nothing was done"));
  }
  return found->second.terms;
}

}  // namespace labrec::recovery
