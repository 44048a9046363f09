#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/record/rules/devices.h"
#include "recovery/server/tokens/verifier.h"

namespace labrec::recovery {

// What the operator grants the accounts of one tenant, where that differs from what the realm grants all.
struct TenantTerms {
  std::optional<FirstDevicePolicy> first_device;
  std::optional<uint32_t> greatest_guess_limit;  // of versions that are registered from now on

  bool operator==(const TenantTerms&) const = default;
};

// A tenant as the operator's files have it.
struct TenantSettings {
  Tenant keys;                             // its name, and where the keys of its tokens are
  bool disabled = false;                   // its tokens are known and refused
  std::optional<double> calls_per_second;  // of all its accounts; none: as the realm grants all
  TenantTerms terms;
  bool is_tools = false;  // from the file that labyrinth-admin keeps, not from the configuration

  bool operator==(const TenantSettings&) const = default;
};

// What is granted to whose tokens. The whole changes at once. Threads: any.
class Tenants {
 public:
  void Set(std::vector<TenantSettings> tenants);
  // In order of their names.
  std::vector<TenantSettings> All() const;
  bool Has(const std::string& name) const;
  // UNAUTHENTICATED: there is no such tenant any more; PERMISSION_DENIED: it is disabled. In words for
  // callers.
  absl::StatusOr<TenantTerms> TermsOf(const std::string& name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, TenantSettings> tenants_;
};

}  // namespace labrec::recovery
