#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/server/service/realm_description.h"
#include "recovery/server/tokens/jwks_file.h"
#include "recovery/server/tokens/jwks_url.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/describe.h"
#include "tools/admin/tenant/tenant_list.h"

namespace labrec::admin {
namespace {

using recovery::TenantSettings;

struct NameOptions {
  Format format = Format::kText;
  std::filesystem::path config;
  std::string tenant;
};
// Empty: not given. "default": what the realm grants all.
struct SetOptions : NameOptions {
  std::filesystem::path jwks;
  std::string jwks_url;
  std::filesystem::path jwks_ca;
  std::string jwks_refresh;
  std::string first_device;
  std::string calls;
  std::string guesses;
};
struct RemoveOptions : NameOptions {
  bool yes = false;
};
struct ShowTenantOptions : SocketOptions {
  std::string tenant;
};

absl::StatusOr<int64_t> Number(const char* option, const std::string& text, int64_t least, int64_t greatest) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && value >= least && value <= greatest) return value;
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": has to be a whole number from ", least, " to ", greatest, ", or \"default\""));
}

template <typename T>
absl::Status SetNumber(const char* option, const std::string& text, int64_t least, int64_t greatest,
                       std::optional<T>& value) {
  if (text.empty()) return absl::OkStatus();
  value.reset();
  if (text == "default") return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const int64_t number, Number(option, text, least, greatest));
  value = static_cast<T>(number);
  return absl::OkStatus();
}

absl::Status SetFirstDevice(const std::string& text, std::optional<recovery::FirstDevicePolicy>& policy) {
  using recovery::FirstDevicePolicy;
  if (text.empty()) return absl::OkStatus();
  policy.reset();
  if (text == "default") return absl::OkStatus();
  for (const auto each : {FirstDevicePolicy::kOpen, FirstDevicePolicy::kToken, FirstDevicePolicy::kAdmin}) {
    if (text == recovery::PolicyName(each)) policy = each;
  }
  if (policy) return absl::OkStatus();
  return absl::InvalidArgumentError("--first-device: \"open\", \"token\", \"admin\" or \"default\"");
}

// Where keys come from, if that is said; and whether anything is there that can be used.
absl::Status SetKeys(const SetOptions& options, recovery::Tenant& keys) {
  if (!options.jwks.empty()) {
    keys.jwks = std::filesystem::absolute(options.jwks).lexically_normal();
    keys.jwks_url.clear();
  }
  if (!options.jwks_url.empty()) {
    keys.jwks_url = options.jwks_url;
    keys.jwks.clear();
  }
  if (keys.jwks_url.empty()) {
    if (!options.jwks_ca.empty() || !options.jwks_refresh.empty()) {
      return absl::InvalidArgumentError("--jwks-ca and --jwks-refresh have a use with --jwks-url only");
    }
    keys.jwks_ca.clear();
    keys.jwks_refresh = recovery::Tenant().jwks_refresh;
    return recovery::JwksFile::Open(keys.jwks).status();
  }
  if (!options.jwks_ca.empty()) keys.jwks_ca = std::filesystem::absolute(options.jwks_ca).lexically_normal();
  if (!options.jwks_refresh.empty()) {
    LABREC_ASSIGN_OR_RETURN(const int64_t seconds, Number("--jwks-refresh", options.jwks_refresh, 10, 86400));
    keys.jwks_refresh = std::chrono::seconds(seconds);
  }
  return recovery::JwksUrl::Make({keys.jwks_url, keys.jwks_ca}).status();
}

absl::Status Set(const SetOptions& options, TenantSettings& tenant) {
  LABREC_RETURN_IF_ERROR(SetKeys(options, tenant.keys));
  LABREC_RETURN_IF_ERROR(SetFirstDevice(options.first_device, tenant.terms.first_device));
  LABREC_RETURN_IF_ERROR(
      SetNumber("--calls-per-second", options.calls, 0, 10'000'000, tenant.calls_per_second));
  return SetNumber("--greatest-guess-limit", options.guesses, 1, recovery::kMostGuesses,
                   tenant.terms.greatest_guess_limit);
}

auto Find(std::vector<TenantSettings>& tenants, const std::string& name) {
  return std::ranges::find_if(tenants, [&](const TenantSettings& each) { return each.keys.name == name; });
}

absl::Status NotKept(const NameOptions& options, std::vector<TenantSettings> configured) {
  if (Find(configured, options.tenant) != configured.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("tenant \"", options.tenant, "\" stands in ", options.config.string(),
                     ": change it there, then \"systemctl reload labyrinth-recoveryd\""));
  }
  return absl::NotFoundError(absl::StrCat("there is no tenant \"", options.tenant,
                                          "\"; \"tenant list\" shows those that there are"));
}

// Changes one tenant that the tool keeps.
absl::StatusOr<TenantsTaken> ChangeOne(const NameOptions& options,
                                       const std::function<absl::Status(TenantSettings&)>& change) {
  return ChangeTenantList(options.config, [&](auto& kept, const auto& configured) -> absl::Status {
    const auto found = Find(kept, options.tenant);
    if (found == kept.end()) return NotKept(options, configured);
    return change(*found);
  });
}

absl::Status ReportTaken(const NameOptions& options, const char* what,
                         const absl::StatusOr<TenantsTaken>& taken) {
  if (!taken.ok()) return taken.status();
  const Json json = {{what, options.tenant}, {"taken", taken->by_daemon}};
  Print(options.format, json, Text(json));
  if (!taken->by_daemon) {
    Complain(
        absl::UnavailableError("no daemon serves at the configuration's admin socket: it takes this when it "
                               "starts, or when it takes "
                               "the realm over"));
  }
  return absl::OkStatus();
}

absl::Status Add(const SetOptions& options) {
  LABREC_RETURN_IF_ERROR(recovery::CheckIdentifier("--tenant", options.tenant));
  return ReportTaken(
      options, "added", ChangeTenantList(options.config, [&](auto& kept, auto configured) -> absl::Status {
        if (Find(kept, options.tenant) != kept.end() ||
            Find(configured, options.tenant) != configured.end()) {
          return absl::AlreadyExistsError(absl::StrCat("there is a tenant \"", options.tenant, "\" already"));
        }
        TenantSettings tenant;
        tenant.keys.name = options.tenant;
        tenant.is_tools = true;
        LABREC_RETURN_IF_ERROR(Set(options, tenant));
        kept.push_back(std::move(tenant));
        return absl::OkStatus();
      }));
}

absl::Status SetTenant(const SetOptions& options) {
  return ReportTaken(options, "changed",
                     ChangeOne(options, [&](TenantSettings& tenant) { return Set(options, tenant); }));
}

absl::Status Disable(const NameOptions& options) {
  return ReportTaken(options, "disabled", ChangeOne(options, [](TenantSettings& tenant) {
                       tenant.disabled = true;
                       return absl::OkStatus();
                     }));
}

absl::Status Enable(const NameOptions& options) {
  return ReportTaken(options, "enabled", ChangeOne(options, [](TenantSettings& tenant) {
                       tenant.disabled = false;
                       return absl::OkStatus();
                     }));
}

absl::Status RemoveTenant(const RemoveOptions& options) {
  if (!options.yes) {
    return absl::FailedPreconditionError(
        "nothing was removed: nobody could use the tenant's accounts any more. They stay in the ledger, and "
        "are "
        "there again once a tenant of this name is added: whoever signs its tokens then has them. Say --yes "
        "if "
        "you mean it; \"tenant disable\" keeps the name taken");
  }
  return ReportTaken(options, "removed",
                     ChangeTenantList(options.config, [&](auto& kept, const auto& configured) {
                       const auto found = Find(kept, options.tenant);
                       if (found == kept.end()) return NotKept(options, configured);
                       kept.erase(found);
                       return absl::OkStatus();
                     }));
}

Json DescribeTenant(const v1::TenantState& tenant) {
  Json json = {{"tenant", tenant.name()},
               {"disabled", tenant.disabled()},
               {"kept_in", tenant.kept_by_tool() ? "tenants file" : "configuration"},
               {"keys_from", tenant.keys_from()},
               {"usable_keys", tenant.usable_keys()},
               {"keys_read_at_ms", tenant.keys_read_at_ms()}};
  if (!tenant.keys_problem().empty()) json["keys_problem"] = tenant.keys_problem();
  if (!tenant.first_device().empty()) json["first_device"] = tenant.first_device();
  if (tenant.has_calls_per_second()) json["calls_per_second"] = tenant.calls_per_second();
  if (tenant.has_greatest_guess_limit()) json["greatest_guess_limit"] = tenant.greatest_guess_limit();
  return json;
}

absl::Status List(const SocketOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).ListTenants());
  Json tenants = Json::array();
  for (const v1::TenantState& each : answer.tenants()) tenants.push_back(DescribeTenant(each));
  const Json json = {{"tenants", tenants}};
  Print(options.format, json, Text(json));
  return absl::OkStatus();
}

absl::Status ShowTenant(const ShowTenantOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).ListTenants());
  for (const v1::TenantState& each : answer.tenants()) {
    if (each.name() != options.tenant) continue;
    const Json json = DescribeTenant(each);
    Print(options.format, json, Text(json));
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("there is no tenant \"", options.tenant,
                                          "\"; \"tenant list\" shows those that there are"));
}

void AddNameOptions(const cli::Command& command, NameOptions& options) {
  command.AddOption("--config", options.config, "the daemon's configuration").Required().Word("FILE");
  command.AddOption("--tenant", options.tenant, "its name, \"iss\" in its tokens").Required().Word("T");
}

void AddSetOptions(const cli::Command& command, SetOptions& options) {
  command.AddOption("--jwks-ca", options.jwks_ca, "root certificates of that address; default the system's")
      .Word("FILE");
  command.AddOption("--jwks-refresh", options.jwks_refresh, "how often it is asked (default 300)")
      .Word("SECONDS");
  command
      .AddOption("--first-device", options.first_device,
                 "who enrols an account's first device: open, token, admin; default: [policy] first_device")
      .Word("WHO");
  command
      .AddOption("--calls-per-second", options.calls, "of all its accounts; 0: no limit; default: [limits]")
      .Word("N");
  command
      .AddOption("--greatest-guess-limit", options.guesses,
                 "most guesses that a new record may have, 1 to 20")
      .Word("N");
}

}  // namespace

void AddTenantCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("tenant", "The platforms whose users have records here");
  group.RequireCommand();
  cli::Command command;
  const auto add = AddCommand<SetOptions>(group, "add", "Add one, at once", result, command, Add);
  AddNameOptions(command, *add);
  const cli::Command keys = command.AddChoice("keys", "where the keys of its tokens are");
  keys.AddOption("--jwks", add->jwks, "file with its key set").Word("FILE");
  keys.AddOption("--jwks-url", add->jwks_url, "\"https://...\", where its key set is fetched").Word("URL");
  AddSetOptions(command, *add);
  const auto set = AddCommand<SetOptions>(
      group, "set", "Change what is given; \"default\" takes back what the realm grants all", result, command,
      SetTenant);
  AddNameOptions(command, *set);
  command.AddOption("--jwks", set->jwks, "file with its key set").Word("FILE");
  command.AddOption("--jwks-url", set->jwks_url, "\"https://...\", where its key set is fetched").Word("URL");
  AddSetOptions(command, *set);
  const auto disable = AddCommand<NameOptions>(group, "disable", "Refuse its tokens; everything stays",
                                               result, command, Disable);
  AddNameOptions(command, *disable);
  const auto enable = AddCommand<NameOptions>(group, "enable", "Take them again", result, command, Enable);
  AddNameOptions(command, *enable);
  const auto remove = AddCommand<RemoveOptions>(group, "remove", "Remove it; its accounts stay in the ledger",
                                                result, command, RemoveTenant);
  AddNameOptions(command, *remove);
  command.AddFlag("--yes", remove->yes, "yes");
  const auto list = AddCommand<SocketOptions>(group, "list", "List them, as the daemon has them now", result,
                                              command, List);
  AddSocketOptions(command, *list);
  const auto show = AddCommand<ShowTenantOptions>(group, "show", "Show one, as the daemon has it now", result,
                                                  command, ShowTenant);
  AddSocketOptions(command, *show);
  command.AddOption("--tenant", show->tenant, "its name").Required().Word("T");
}

}  // namespace labrec::admin
