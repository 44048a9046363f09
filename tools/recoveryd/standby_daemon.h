#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/realm/audit_log.h"
#include "recovery/realm/opened_realm.h"
#include "recovery/server/admin/socket.h"
#include "recovery/server/transport/rpc_server.h"
#include "recovery/server/watch/metrics.h"
#include "recovery/server/watch/traffic.h"
#include "recovery/standby/standby.h"
#include "tools/recoveryd/config.h"
#include "tools/recoveryd/daemon.h"

namespace labrec::recovery {
class HttpServer;
class StandbyService;
}  // namespace labrec::recovery

namespace labrec::recoveryd {

// All parts of a host that follows a realm: its devices, the look at its storage, the admin socket and the
// metrics. Where clients come it does not listen: a client, or a proxy before it, that is refused goes to
// the host that serves, and one that got an answer would stay. That these addresses are free is tried.
// The main thread.
class StandbyDaemon {
 public:
  // As Daemon::Start, up to the engine: the device is opened and not written.
  static absl::StatusOr<std::unique_ptr<StandbyDaemon>> Start(const Config& config,
                                                              const Daemon::Pause& pause);
  ~StandbyDaemon();

  // Waits at most so long for the takeover. The realm with its store, once, when everything else of the
  // standby has ended; nullopt: not yet.
  std::optional<OpenedRealm> AwaitRealm(std::chrono::milliseconds patience);

  recovery::EngineStatus status() const;
  // The audit log's file, as it is now.
  void Reread() { audit_->Reopen(); }

 private:
  StandbyDaemon();
  absl::Status OpenDevices(const Config& config, LockedRealm locked, const Daemon::Pause& pause);
  absl::Status Follow(const Config& config);
  absl::Status Listen(const Config& config);
  void Close();

  std::optional<OpenedRealm> realm_;  // without a store
  std::unique_ptr<recovery::AuditLog> audit_;
  std::unique_ptr<recovery::Standby> standby_;
  recovery::Metrics metrics_;
  recovery::Traffic traffic_{metrics_};
  std::unique_ptr<recovery::AdminSocket> admin_socket_;
  std::unique_ptr<recovery::StandbyService> service_;
  std::unique_ptr<recovery::RpcServer> admin_server_;
  std::unique_ptr<recovery::HttpServer> metrics_server_;
};

// What else than a daemon that serves a standby needs of the configuration: INVALID_ARGUMENT.
absl::Status CheckStandby(const Config& config);

}  // namespace labrec::recoveryd
