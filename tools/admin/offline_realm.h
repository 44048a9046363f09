#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/realm/opened_realm.h"
#include "tools/admin/command.h"

namespace labrec::admin {

// Which realm a command works on while no daemon does: its folder, or the daemon's configuration, which also
// says where the devices are now.
struct OfflineOptions {
  Format format = Format::kText;
  std::filesystem::path state;
  std::filesystem::path config;
};

// --state DIR or --config FILE: one of them is needed.
void AddOfflineOptions(const cli::Command& command, OfflineOptions& options,
                       const std::string& what = "which realm; its daemon is stopped");

struct OfflineRealm {
  std::filesystem::path state;
  std::optional<std::string> device_uri;
  std::optional<std::string> anchor_uri;
  recovery::StorePlace store;
  uint32_t reanchor_floor = 1;
  std::filesystem::path admin_socket;  // where its daemon has it when it runs
};
// Root works on the realm as the owner of its folder from here on (WorkAsOwnerOf).
absl::StatusOr<OfflineRealm> FindRealm(const OfflineOptions& options);

// Takes the realm's lock and opens its devices, and its ledger for reading. FAILED_PRECONDITION while a
// daemon runs.
absl::StatusOr<recoveryd::OpenedRealm> OpenOffline(const OfflineRealm& realm);

}  // namespace labrec::admin
