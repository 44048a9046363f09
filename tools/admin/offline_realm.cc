#include "tools/admin/offline_realm.h"

#include "hsm/base/status_macros.h"
#include "recovery/realm/folder.h"
#include "recovery/realm/owner.h"
#include "tools/recoveryd/config.h"

namespace labrec::admin {

void AddSocketOptions(const cli::Command& command, SocketOptions& options) {
  const cli::Command where = command.AddChoice("daemon", "how to reach the daemon");
  where.AddOption("--socket", options.socket, "the daemon's admin socket").Word("PATH");
  where.AddOption("--state", options.state, "the realm's folder, with the admin socket in it").Word("DIR");
  where.AddOption("--config", options.config, "the daemon's configuration, which says where its socket is")
      .Word("FILE");
}

absl::StatusOr<std::filesystem::path> SocketOptions::Path() const {
  if (!socket.empty()) return socket;
  if (!state.empty()) return recovery::RealmFolder(state).AdminSocketPath();
  LABREC_ASSIGN_OR_RETURN(const recoveryd::Config read, recoveryd::ReadConfig(config));
  return read.admin_socket;
}

void AddOfflineOptions(const cli::Command& command, OfflineOptions& options, const std::string& what) {
  const cli::Command where = command.AddChoice("realm", what);
  where.AddOption("--state", options.state, "the realm's folder").Word("DIR");
  where.AddOption("--config", options.config, "the daemon's configuration, where devices have moved")
      .Word("FILE");
}

absl::StatusOr<OfflineRealm> FindRealm(const OfflineOptions& options) {
  if (options.config.empty()) {
    LABREC_RETURN_IF_ERROR(recovery::WorkAsOwnerOf(options.state));
    return OfflineRealm{options.state,
                        std::nullopt,
                        std::nullopt,
                        {},
                        1,
                        recovery::RealmFolder(options.state).AdminSocketPath()};
  }
  LABREC_ASSIGN_OR_RETURN(recoveryd::Config config, recoveryd::ReadConfig(options.config));
  LABREC_RETURN_IF_ERROR(recovery::WorkAsOwnerOf(config.state));
  return OfflineRealm{std::move(config.state), std::move(config.device_uri), std::move(config.anchor_uri),
                      std::move(config.store), config.reanchor_floor,        std::move(config.admin_socket)};
}

absl::StatusOr<recoveryd::OpenedRealm> OpenOffline(const OfflineRealm& realm) {
  return recoveryd::OpenRealm(realm.state, realm.device_uri, realm.anchor_uri, realm.store,
                              recoveryd::LedgerUse::kLook);
}

}  // namespace labrec::admin
