#include "tools/recoveryd/tenants_file.h"

#include <sstream>

#include <toml++/toml.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "recovery/server/service/realm_description.h"
#include "tools/cli/toml_section.h"
#include "tools/recoveryd/tenant_sections.h"

namespace labrec::recoveryd {
namespace {

constexpr size_t kLongest = 4U << 20;

// A TOML basic string (TOML 1.0.0, "String"): JSON escapes what TOML does.
std::string Quoted(std::string_view text) {
  return JsonText(nlohmann::json(text));
}

std::string Section(const recovery::TenantSettings& tenant) {
  std::string text = absl::StrCat("\n[tenants.", Quoted(tenant.keys.name), "]\n");
  const auto add = [&text](const char* key, const std::string& value) {
    absl::StrAppend(&text, key, " = ", value, "\n");
  };
  if (tenant.keys.jwks_url.empty()) {
    add("jwks", Quoted(tenant.keys.jwks.string()));
  } else {
    add("jwks_url", Quoted(tenant.keys.jwks_url));
    if (!tenant.keys.jwks_ca.empty()) add("jwks_ca", Quoted(tenant.keys.jwks_ca.string()));
    add("jwks_refresh_seconds", absl::StrCat(tenant.keys.jwks_refresh.count()));
  }
  if (tenant.disabled) add("disabled", "true");
  if (tenant.terms.first_device) {
    add("first_device", Quoted(recovery::PolicyName(*tenant.terms.first_device)));
  }
  if (tenant.calls_per_second) {
    add("calls_per_second", absl::StrCat(static_cast<int64_t>(*tenant.calls_per_second)));
  }
  if (tenant.terms.greatest_guess_limit) {
    add("greatest_guess_limit", absl::StrCat(*tenant.terms.greatest_guess_limit));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::vector<recovery::TenantSettings>> ReadTenantsFile(const std::filesystem::path& file) {
  if (std::error_code error; !std::filesystem::exists(file, error) && !error) {
    return std::vector<recovery::TenantSettings>();
  }
  LABREC_ASSIGN_OR_RETURN(const Bytes text, ReadFile(file, kLongest));
  cli::Problems problems(file.string());
  std::vector<recovery::TenantSettings> tenants;
  try {
    const toml::table root = toml::parse(AsText(text));
    for (const auto& [key, node] : root) {
      if (key.str() == "tenants") continue;
      problems.Add(static_cast<uint32_t>(node.source().begin.line), std::string(key.str()),
                   "has no place in this file, which holds sections [tenants.NAME] only");
    }
    tenants = ReadTenants(root, std::filesystem::absolute(file).parent_path(), problems);
  } catch (const toml::parse_error& error) {
    problems.AddText(static_cast<uint32_t>(error.source().begin.line),
                     absl::StrCat("no valid TOML: ", std::string(error.description())));
  }
  if (!problems.empty()) return absl::InvalidArgumentError(problems.Text());
  for (recovery::TenantSettings& tenant : tenants) tenant.is_tools = true;
  return tenants;
}

std::string TenantsText(const std::vector<recovery::TenantSettings>& tenants) {
  std::string text = "# Written by \"labyrinth-admin tenant\", which rewrites all of it.\n";
  for (const recovery::TenantSettings& tenant : tenants) text += Section(tenant);
  return text;
}

}  // namespace labrec::recoveryd
