#include "tools/recoveryd/tenant_sections.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "recovery/api/limits.h"
#include "recovery/api/names.h"

namespace labrec::recoveryd {
namespace {

using cli::Problems;
using cli::TomlSection;

constexpr int64_t kNotSet = -1;

std::filesystem::path In(const std::filesystem::path& folder, const std::string& file) {
  return file.empty() ? std::filesystem::path() : (folder / file).lexically_normal();
}

// Where the keys of its tokens are: one of two places.
void ReadKeys(TomlSection& section, const std::filesystem::path& folder, recovery::Tenant& tenant) {
  tenant.jwks_url = section.TextOr("jwks_url", "");
  if (tenant.jwks_url.empty()) {
    tenant.jwks = In(folder, section.RequiredText("jwks"));
  } else if (section.Has("jwks")) {
    section.Complain("jwks", "stands beside jwks_url: keys come from one of them");
  }
  for (const char* key : {"jwks_ca", "jwks_refresh_seconds"}) {
    if (tenant.jwks_url.empty() && section.Has(key)) section.Complain(key, "has a use with jwks_url only");
  }
  tenant.jwks_ca = In(folder, section.TextOr("jwks_ca", ""));
  constexpr int64_t kDay = 24 * 60 * 60;
  tenant.jwks_refresh =
      std::chrono::seconds(section.Number("jwks_refresh_seconds", tenant.jwks_refresh.count(), 10, kDay));
}

recovery::TenantSettings ReadSettings(TomlSection& section, const std::string& name,
                                      const std::filesystem::path& folder) {
  recovery::TenantSettings settings;
  settings.keys.name = name;
  ReadKeys(section, folder, settings.keys);
  settings.disabled = section.Flag("disabled", false);
  settings.terms.first_device = FirstDevice(section, "first_device");
  const int64_t calls = section.Number("calls_per_second", kNotSet, 0, 10'000'000);
  if (calls != kNotSet) settings.calls_per_second = static_cast<double>(calls);
  const int64_t guesses = section.Number("greatest_guess_limit", kNotSet, 1, recovery::kMostGuesses);
  if (guesses != kNotSet) settings.terms.greatest_guess_limit = static_cast<uint32_t>(guesses);
  section.Retired("audiences",
                  "is not taken any more: a token is for one realm, its \"aud\" the realm's id alone");
  section.RefuseUnknown();
  return settings;
}

}  // namespace

std::optional<recovery::FirstDevicePolicy> FirstDevice(TomlSection& section, std::string_view key) {
  const std::optional<std::string> first = section.Text(key);
  if (!first) return std::nullopt;
  if (*first == "open") return recovery::FirstDevicePolicy::kOpen;
  if (*first == "token") return recovery::FirstDevicePolicy::kToken;
  if (*first != "admin") section.Complain(key, "has to be \"open\", \"token\" or \"admin\"");
  return recovery::FirstDevicePolicy::kAdmin;
}

std::vector<recovery::TenantSettings> ReadTenants(const toml::table& root,
                                                  const std::filesystem::path& folder, Problems& problems) {
  std::vector<recovery::TenantSettings> tenants;
  TomlSection::Of(root, "tenants", problems);  // complains of what is no section
  const toml::table* const sections = root["tenants"].as_table();
  if (sections == nullptr) return tenants;
  for (const auto& [key, node] : *sections) {
    const std::string name(key.str());
    const auto line = static_cast<uint32_t>(node.source().begin.line);
    const std::string title = absl::StrCat("[tenants.", name, "]");
    if (const absl::Status ok = recovery::CheckIdentifier("tenant", name); !ok.ok()) {
      problems.Add(line, title, std::string(ok.message()));
    }
    if (!node.is_table()) {
      problems.Add(line, title, "has to be a section");
      continue;
    }
    TomlSection section(title, node.as_table(), line, problems);
    tenants.push_back(ReadSettings(section, name, folder));
  }
  return tenants;
}

}  // namespace labrec::recoveryd
