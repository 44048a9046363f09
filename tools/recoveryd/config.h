#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "absl/status/statusor.h"

#include "hsm/base/pcr_selection.h"
#include "pin/guess_policy.h"
#include "recovery/engine/options.h"
#include "recovery/realm/store_place.h"
#include "recovery/server/service/tenants.h"
#include "recovery/server/transport/rate_limiter.h"
#include "recovery/server/transport/rpc_server.h"

namespace labrec::recoveryd {

// [web]: where web pages' calls come, through a proxy on this host.
struct WebConfig {
  recovery::ListenOptions listen;  // without TLS: a Unix socket or a loopback address
  std::set<std::string> origins;   // of pages that may call; "*": all
};

// [standby]: how a daemon that was started with --standby takes the realm over.
struct StandbyConfig {
  bool automatic = false;
  std::chrono::seconds after{3};
};

// The daemon's configuration; docs/operations.md and labyrinth-recoveryd(8) describe the keys.
struct Config {
  std::filesystem::path file;             // this configuration's
  std::filesystem::path state;            // [realm] state
  std::optional<std::string> device_uri;  // where the device is now, if not where it was at init
  std::optional<std::string> anchor_uri;
  std::optional<uint64_t> rated_endurance;  // [anchor]: durable writes the device bears; 0: not known
  recovery::StorePlace store;               // [store]
  std::chrono::hours rotate_every{0};       // [store] rotate_days; 0: not by itself
  StandbyConfig standby;                    // [standby]
  recovery::ListenOptions listen;
  std::optional<WebConfig> web;
  std::filesystem::path admin_socket;
  std::vector<uid_t> admin_uids;               // besides root and the daemon's own
  std::vector<uid_t> reader_uids;              // who may look on the admin socket, and change nothing
  std::chrono::minutes two_persons_within{0};  // 0: one is enough for whatever there is
  std::filesystem::path tenants_file;          // [admin] tenants: what "labyrinth-admin tenant" keeps
  // Of both, by [tenants.NAME] here and there.
  std::vector<recovery::TenantSettings> tenants;
  recovery::FirstDevicePolicy first_device = recovery::FirstDevicePolicy::kAdmin;
  pin::GuessPolicy guess_policy = pin::DefaultGuessPolicy();
  uint32_t reanchor_floor = 1;    // guesses left, at most, after "anchor accept"
  recovery::ServerLimits limits;  // max_connections: [limits] connections
  recovery::RateLimits rates;
  size_t queue = 4096;
  size_t queue_per_account = 32;
  size_t batch = 1024;
  size_t challenges = 1U << 20;
  size_t cached_tokens = 1U << 16;
  std::chrono::seconds drain{10};
  std::string metrics_address;                          // empty: none
  PcrSelection quoted_pcrs;                             // [attestation]
  std::filesystem::path ek_intermediates;               // folder of certificates; empty: none
  std::vector<std::filesystem::path> tls_certificates;  // that clients see; the own one too, if TLS is on
  recovery::AttestationLimits attestation_limits;
  recovery::ChipRegistrationLimits chip_registrations;  // [limits]
  std::string log_level = "info";
};

// Reads and checks the whole text, and the file of tenants that it names. INVALID_ARGUMENT: every problem,
// one per line, as "FILE:LINE: [section] key: what is wrong". Relative paths are taken from the folder of
// `file`.
absl::StatusOr<Config> ParseConfig(std::string_view text, const std::filesystem::path& file);
absl::StatusOr<Config> ReadConfig(const std::filesystem::path& file);

}  // namespace labrec::recoveryd
