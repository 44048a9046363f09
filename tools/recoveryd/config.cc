#include "tools/recoveryd/config.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/folder.h"
#include "tools/cli/address.h"
#include "tools/cli/toml_section.h"
#include "tools/recoveryd/tenant_sections.h"
#include "tools/recoveryd/tenants_file.h"

namespace labrec::recoveryd {
namespace {

using cli::Address;
using cli::ParseAddress;
using cli::Problems;
using cli::TomlSection;

constexpr int64_t kMinutesOfDay = 1440;
constexpr int64_t kHoursOfDay = 24;
constexpr int64_t kRotateDays = 15;

constexpr std::string_view kSections[] = {"realm",  "store",       "standby", "device",  "anchor",
                                          "listen", "web",         "admin",   "tenants", "policy",
                                          "limits", "attestation", "metrics", "log"};
constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};
constexpr size_t kLongestSocketPath = 107;  // sun_path, with its terminating zero

// Reads one document into a Config.
class ConfigReader {
 public:
  ConfigReader(const toml::table& root, const std::filesystem::path& file, Problems& problems)
      : root_(root), folder_(std::filesystem::absolute(file).parent_path()), problems_(problems) {
    config_.file = std::filesystem::absolute(file);
  }

  Config Read() {
    RefuseUnknownSections();
    ReadRealm();
    ReadStore();
    ReadStandby();
    ReadDevice();
    ReadAnchor();
    ReadListen();
    ReadWeb();
    ReadAdmin();
    ReadTenants();
    ReadPolicy();
    ReadLimits();
    ReadAttestation();
    ReadMetrics();
    ReadLog();
    return std::move(config_);
  }

 private:
  TomlSection Section(std::string_view name) { return TomlSection::Of(root_, name, problems_); }

  std::filesystem::path Path(const std::string& text) const {
    return text.empty() ? std::filesystem::path() : (folder_ / text).lexically_normal();
  }

  void RefuseUnknownSections() {
    for (const auto& [key, node] : root_) {
      if (std::ranges::find(kSections, key.str()) != std::end(kSections)) continue;
      problems_.Add(static_cast<uint32_t>(node.source().begin.line), std::string(key.str()),
                    "is no section of this file");
    }
  }

  void ReadRealm() {
    TomlSection section = Section("realm");
    config_.state = Path(section.RequiredText("state"));
    section.RefuseUnknown();
  }

  void ReadStore() {
    TomlSection section = Section("store");
    recovery::StorePlace& store = config_.store;
    store.url = section.TextOr("url", "");
    store.standby_names = section.Texts("standby_names");
    store.replicas = static_cast<uint32_t>(section.Number("replicas", store.replicas, 0, 16));
    config_.rotate_every =
        std::chrono::hours(kHoursOfDay * section.Number("rotate_days", kRotateDays, 0, 3650));
    if (store.in_folder() && (section.Has("replicas") || section.Has("standby_names"))) {
      section.Complain("url", "is missing: replicas and standby_names are of a PostgreSQL server");
    } else if (const absl::Status good = recovery::CheckStorePlace(store); !good.ok()) {
      section.Complain("url", std::string(good.message()));
    }
    section.RefuseUnknown();
  }

  void ReadStandby() {
    TomlSection section = Section("standby");
    StandbyConfig& standby = config_.standby;
    standby.automatic = section.Flag("automatic", standby.automatic);
    standby.after = std::chrono::seconds(section.Number("after_seconds", standby.after.count(), 1, 3600));
    if (section.present() && config_.store.in_folder()) {
      section.Complain("automatic", "has a use with a ledger in PostgreSQL only ([store] url)");
    }
    section.RefuseUnknown();
  }

  void ReadDevice() {
    TomlSection section = Section("device");
    config_.device_uri = Uri(section);
    section.RefuseUnknown();
  }

  void ReadAnchor() {
    TomlSection section = Section("anchor");
    config_.anchor_uri = Uri(section);
    constexpr int64_t kNotSet = -1;
    const int64_t endurance = section.Number("rated_endurance", kNotSet, 0, int64_t{1} << 53);
    if (endurance != kNotSet) config_.rated_endurance = static_cast<uint64_t>(endurance);
    section.RefuseUnknown();
  }

  static std::optional<std::string> Uri(TomlSection& section) {
    std::optional<std::string> uri = section.Text("uri");
    if (uri && !uri->starts_with("tpm2:") && !uri->starts_with("pkcs11:")) {
      section.Complain("uri", "starts neither with \"tpm2:\" nor with \"pkcs11:\"");
    }
    return uri;
  }

  void ReadListen() {
    TomlSection section = Section("listen");
    recovery::ListenOptions& listen = config_.listen;
    listen.address = section.RequiredText("address");
    const std::optional<Address> address = ParseAddress(listen.address);
    if (!listen.address.empty() && !address) {
      section.Complain("address", "is neither \"host:port\" nor \"unix:/absolute/path\"");
    }
    const bool is_unix = address && address->is_unix;
    CheckSocketPath(section, "address", is_unix ? address->host : "");
    ReadTls(section, !is_unix, address && address->IsLocal());
    listen.socket_mode = SocketMode(section, "socket_mode", is_unix, listen.socket_mode);
    listen.socket_group = SocketGroup(section, "socket_group", is_unix);
    section.RefuseUnknown();
  }

  void ReadTls(TomlSection& section, bool by_default, bool local) {
    const bool tls = section.Flag("tls", by_default);
    const std::optional<std::string> certificate = section.Text("certificate");
    const std::optional<std::string> key = section.Text("key");
    if (!tls) {
      if (!local && section.present()) {
        section.Complain("tls", "may be false on a Unix socket or a loopback address only");
      }
      if (certificate) section.Complain("certificate", "has no use where tls is off");
      if (key) section.Complain("key", "has no use where tls is off");
      return;
    }
    if (!certificate) section.Complain("certificate", "is missing, and tls is on");
    if (!key) section.Complain("key", "is missing, and tls is on");
    config_.listen.tls = recovery::TlsFiles{Path(certificate.value_or("")), Path(key.value_or(""))};
  }

  void ReadWeb() {
    TomlSection section = Section("web");
    WebConfig web;
    web.listen.address = section.TextOr("address", "");
    const std::optional<Address> address = ParseAddress(web.listen.address);
    if (!web.listen.address.empty() && (!address || !address->IsLocal())) {
      section.Complain(
          "address",
          "has to be \"unix:/absolute/path\" or a loopback address: a proxy on this host ends TLS");
    }
    const bool is_unix = address && address->is_unix;
    CheckSocketPath(section, "address", is_unix ? address->host : "");
    web.listen.socket_mode = SocketMode(section, "socket_mode", is_unix, web.listen.socket_mode);
    web.listen.socket_group = SocketGroup(section, "socket_group", is_unix);
    for (std::string& origin : section.Texts("origins")) {
      if (!IsOrigin(origin)) {
        section.Complain("origins",
                         "names one that is neither \"https://host\", as browsers send it, nor \"*\"");
      }
      web.origins.insert(std::move(origin));
    }
    section.RefuseUnknown();
    if (!web.listen.address.empty()) config_.web = std::move(web);
  }

  // Compared byte by byte with what browsers send: RFC 6454, section 6.2.
  static bool IsOrigin(std::string_view text) {
    if (text == "*") return true;
    const size_t scheme = text.find("://");
    if (scheme == std::string::npos || scheme == 0) return false;
    const std::string_view host = text.substr(scheme + 3);
    return !host.empty() && std::ranges::none_of(text, [](char c) {
      return c <= ' ' || c == ',' || (c >= 'A' && c <= 'Z');
    }) && host.find('/') == std::string::npos;
  }

  // How a Unix socket is shared.
  static std::string SocketGroup(TomlSection& section, std::string_view key, bool is_unix) {
    std::string group = section.TextOr(key, "");
    if (!is_unix && !group.empty()) section.Complain(key, "has a use with a Unix socket only");
    return group;
  }
  static mode_t SocketMode(TomlSection& section, std::string_view key, bool is_unix, mode_t otherwise) {
    const std::optional<std::string> mode = section.Text(key);
    if (!mode) return otherwise;
    if (!is_unix) section.Complain(key, "has a use with a Unix socket only");
    const bool octal = mode->size() == 4 && mode->front() == '0' &&
                       std::ranges::all_of(*mode, [](char c) { return c >= '0' && c <= '7'; });
    if (octal) return static_cast<mode_t>(std::stoul(*mode, nullptr, 8));
    section.Complain(key, "has to be four octal digits as a text, as \"0660\"");
    return otherwise;
  }

  static void CheckSocketPath(TomlSection& section, std::string_view key, const std::string& path) {
    if (path.size() > kLongestSocketPath) section.Complain(key, "is longer than the kernel's 107 bytes");
  }

  void ReadAdmin() {
    TomlSection section = Section("admin");
    const std::optional<std::string> path = section.Text("socket");
    config_.admin_socket = path ? Path(*path) : recovery::RealmFolder(config_.state).AdminSocketPath();
    CheckSocketPath(section, "socket", config_.admin_socket.string());
    config_.tenants_file = Path(section.TextOr("tenants", "tenants.toml"));
    for (const int64_t uid : section.Numbers("allow_uids", 0, 0xFFFFFFFE)) {
      config_.admin_uids.push_back(static_cast<uid_t>(uid));
    }
    for (const int64_t uid : section.Numbers("readers", 0, 0xFFFFFFFE)) {
      config_.reader_uids.push_back(static_cast<uid_t>(uid));
    }
    config_.two_persons_within =
        std::chrono::minutes(section.Number("two_persons_minutes", 0, 0, kMinutesOfDay));
    section.RefuseUnknown();
  }

  void ReadTenants() {
    config_.tenants = recoveryd::ReadTenants(root_, folder_, problems_);
    absl::StatusOr<std::vector<recovery::TenantSettings>> kept = ReadTenantsFile(config_.tenants_file);
    if (!kept.ok()) {
      problems_.AddText(0, std::string(kept.status().message()));
      return;
    }
    for (recovery::TenantSettings& tenant : *kept) {
      const auto same = [&](const auto& other) { return other.keys.name == tenant.keys.name; };
      if (std::ranges::any_of(config_.tenants, same)) {
        problems_.Add(0, absl::StrCat("[tenants.", tenant.keys.name, "]"),
                      absl::StrCat("stands in ", config_.tenants_file.string(),
                                   " too: remove it here, or there by \"labyrinth-admin tenant remove\""));
      }
      config_.tenants.push_back(std::move(tenant));
    }
  }

  void ReadPolicy() {
    TomlSection section = Section("policy");
    config_.first_device = FirstDevice(section, "first_device").value_or(recovery::FirstDevicePolicy::kAdmin);
    config_.reanchor_floor =
        static_cast<uint32_t>(section.Number("reanchor_floor", config_.reanchor_floor, 1, 20));
    constexpr int64_t kYear = int64_t{365} * 24 * 60 * 60;
    if (section.Has("delays_seconds")) config_.guess_policy.delays.clear();
    for (const int64_t seconds : section.Numbers("delays_seconds", 0, kYear)) {
      config_.guess_policy.delays.emplace_back(std::chrono::seconds(seconds));
    }
    section.RefuseUnknown();
  }

  void ReadLimits() {
    TomlSection section = Section("limits");
    recovery::ServerLimits& limits = config_.limits;
    limits.max_message_bytes = Int(section, "message_bytes", limits.max_message_bytes, 16 << 10, 4 << 20);
    limits.max_metadata_bytes = Int(section, "metadata_bytes", limits.max_metadata_bytes, 6 << 10, 64 << 10);
    limits.max_streams = Int(section, "streams_per_connection", limits.max_streams, 1, 1 << 16);
    const auto memory = static_cast<int64_t>(limits.max_memory_bytes >> 20);
    limits.max_memory_bytes = static_cast<size_t>(section.Number("memory_mib", memory, 16, 1 << 16)) << 20;
    limits.max_connections = Size(section, "connections", 10'000, 1, 1 << 20);
    config_.queue = Size(section, "queue", config_.queue, 1, 1 << 20);
    config_.queue_per_account = Size(section, "queue_per_account", config_.queue_per_account, 1, 1 << 20);
    ReadRates(section);
    config_.batch = Size(section, "batch", config_.batch, 1, 1 << 16);
    config_.challenges = Size(section, "challenges", config_.challenges, 1, 1 << 26);
    config_.cached_tokens = Size(section, "cached_tokens", config_.cached_tokens, 1, 1 << 24);
    config_.drain = std::chrono::seconds(section.Number("drain_seconds", config_.drain.count(), 0, 3600));
    ReadChipRegistrations(section);
    section.RefuseUnknown();
  }

  void ReadChipRegistrations(TomlSection& section) {
    recovery::ChipRegistrationLimits& limits = config_.chip_registrations;
    limits.altogether = Size(section, "chip_registrations", limits.altogether, 1, 1024);
    limits.of_an_account = Size(section, "chip_registrations_per_account", limits.of_an_account, 1, 1024);
    limits.kept_for =
        std::chrono::seconds(section.Number("chip_registration_seconds", limits.kept_for.count(), 1, 86'400));
  }

  void ReadRates(TomlSection& section) {
    recovery::RateLimits& rates = config_.rates;
    rates.account_per_minute = Rate(section, "account_per_minute", rates.account_per_minute, 0);
    rates.account_burst = Rate(section, "account_burst", rates.account_burst, 1);
    rates.tenant_per_second = Rate(section, "tenant_per_second", rates.tenant_per_second, 0);
    rates.tenant_burst = Rate(section, "tenant_burst", rates.tenant_burst, 1);
  }

  static double Rate(TomlSection& section, std::string_view key, double otherwise, int64_t least) {
    constexpr int64_t kMost = 10'000'000;
    return static_cast<double>(section.Number(key, static_cast<int64_t>(otherwise), least, kMost));
  }
  static int Int(TomlSection& section, std::string_view key, int otherwise, int least, int most) {
    return static_cast<int>(section.Number(key, otherwise, least, most));
  }
  static size_t Size(TomlSection& section, std::string_view key, size_t otherwise, int64_t least,
                     int64_t most) {
    return static_cast<size_t>(section.Number(key, static_cast<int64_t>(otherwise), least, most));
  }

  void ReadAttestation() {
    TomlSection section = Section("attestation");
    const auto pcrs = PcrSelection::Parse(section.TextOr("pcrs", "sha256:0,1,2,3,4,5,6,7"));
    if (pcrs.ok()) {
      config_.quoted_pcrs = *pcrs;
    } else {
      section.Complain("pcrs", std::string(pcrs.status().message()));
    }
    config_.ek_intermediates = Path(section.TextOr("intermediates", ""));
    for (const std::string& file : section.Texts("tls_certificates")) {
      config_.tls_certificates.push_back(Path(file));
    }
    if (config_.listen.tls) config_.tls_certificates.push_back(config_.listen.tls->certificate);
    recovery::AttestationLimits& limits = config_.attestation_limits;
    limits.per_minute = static_cast<uint32_t>(section.Number("per_minute", limits.per_minute, 0, 6000));
    limits.per_minute_and_account = static_cast<uint32_t>(
        section.Number("per_minute_and_account", limits.per_minute_and_account, 0, 6000));
    section.RefuseUnknown();
  }

  void ReadMetrics() {
    TomlSection section = Section("metrics");
    config_.metrics_address = section.TextOr("address", "");
    const std::optional<Address> address = ParseAddress(config_.metrics_address);
    if (!config_.metrics_address.empty() && (!address || address->is_unix || !address->IsLocal())) {
      section.Complain("address", "has to be a loopback address, as \"127.0.0.1:9464\"");
    }
    section.RefuseUnknown();
  }

  void ReadLog() {
    TomlSection section = Section("log");
    config_.log_level = section.TextOr("level", "info");
    if (std::ranges::find(kLogLevels, config_.log_level) == std::end(kLogLevels)) {
      section.Complain("level", "has to be \"debug\", \"info\", \"warn\" or \"error\"");
    }
    section.RefuseUnknown();
  }

  const toml::table& root_;
  const std::filesystem::path folder_;
  Problems& problems_;
  Config config_;
};

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, const std::filesystem::path& file) {
  Problems problems(file.string());
  try {
    const toml::table root = toml::parse(text);
    Config config = ConfigReader(root, file, problems).Read();
    if (problems.empty()) return config;
  } catch (const toml::parse_error& error) {
    problems.AddText(static_cast<uint32_t>(error.source().begin.line),
                     absl::StrCat("no valid TOML: ", std::string(error.description())));
  }
  return absl::InvalidArgumentError(problems.Text());
}

absl::StatusOr<Config> ReadConfig(const std::filesystem::path& file) {
  LABREC_ASSIGN_OR_RETURN(const Bytes text, ReadFile(file, 1U << 20));
  return ParseConfig(AsText(text), file);
}

}  // namespace labrec::recoveryd
