#pragma once

#include <string>
#include <vector>

#include "recovery/server/service/tenants.h"

namespace labrec::recoveryd {

// What became of one tenant, for the audit log.
struct TenantChange {
  std::string event;  // "tenant_added", "tenant_changed", "tenant_removed"
  std::string tenant;
  std::string detail;  // what it is granted now, in words
};

// From one list of tenants to another; nothing for those that stay as they are. Pure.
std::vector<TenantChange> TenantChanges(const std::vector<recovery::TenantSettings>& before,
                                        const std::vector<recovery::TenantSettings>& after);

}  // namespace labrec::recoveryd
