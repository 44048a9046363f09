#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/server/service/tenants.h"

namespace labrec::recoveryd {

// The file in which "labyrinth-admin tenant" keeps tenants: sections [tenants.NAME] as in the configuration,
// and nothing else. It is the operator's, as the configuration is.

// Its tenants, marked as the tool's; none where there is no such file. INVALID_ARGUMENT: every problem, one
// per line.
absl::StatusOr<std::vector<recovery::TenantSettings>> ReadTenantsFile(const std::filesystem::path& file);

// The text of such a file.
std::string TenantsText(const std::vector<recovery::TenantSettings>& tenants);

}  // namespace labrec::recoveryd
