#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "recovery/server/service/tenants.h"
#include "tools/cli/toml_section.h"

namespace labrec::recoveryd {

// The sections [tenants.NAME] of a document. Relative paths are taken from `folder`.
std::vector<recovery::TenantSettings> ReadTenants(const toml::table& root,
                                                  const std::filesystem::path& folder,
                                                  cli::Problems& problems);

// A key that says who enrols first devices; nullopt where it is missing.
std::optional<recovery::FirstDevicePolicy> FirstDevice(cli::TomlSection& section, std::string_view key);

}  // namespace labrec::recoveryd
