#include "tools/recoveryd/tenant_changes.h"

#include <map>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "recovery/server/service/realm_description.h"

namespace labrec::recoveryd {
namespace {

using recovery::TenantSettings;

std::string InWords(const TenantSettings& tenant) {
  std::string words = tenant.disabled ? "disabled, " : "";
  absl::StrAppend(&words, "keys from ",
                  tenant.keys.jwks_url.empty() ? tenant.keys.jwks.string() : tenant.keys.jwks_url);
  if (!tenant.keys.jwks_ca.empty()) absl::StrAppend(&words, " by ", tenant.keys.jwks_ca.string());
  if (tenant.terms.first_device) {
    absl::StrAppend(&words, ", first device ", AbslView(recovery::PolicyName(*tenant.terms.first_device)));
  }
  if (tenant.calls_per_second) absl::StrAppend(&words, ", calls a second ", *tenant.calls_per_second);
  if (tenant.terms.greatest_guess_limit) {
    absl::StrAppend(&words, ", greatest guess limit ", *tenant.terms.greatest_guess_limit);
  }
  return words;
}

std::map<std::string, TenantSettings> ByName(const std::vector<TenantSettings>& tenants) {
  std::map<std::string, TenantSettings> named;
  for (const TenantSettings& tenant : tenants) named.emplace(tenant.keys.name, tenant);
  return named;
}

}  // namespace

std::vector<TenantChange> TenantChanges(const std::vector<TenantSettings>& before,
                                        const std::vector<TenantSettings>& after) {
  const std::map<std::string, TenantSettings> old = ByName(before);
  const std::map<std::string, TenantSettings> now = ByName(after);
  std::vector<TenantChange> changes;
  for (const auto& [name, tenant] : now) {
    const auto was = old.find(name);
    if (was == old.end()) {
      changes.push_back({"tenant_added", name, InWords(tenant)});
    } else if (was->second != tenant) {
      changes.push_back({"tenant_changed", name, InWords(tenant)});
    }
  }
  for (const auto& [name, tenant] : old) {
    if (!now.contains(name)) changes.push_back({"tenant_removed", name, ""});
  }
  return changes;
}

}  // namespace labrec::recoveryd
