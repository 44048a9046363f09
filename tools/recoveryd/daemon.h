#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/engine/engine.h"
#include "recovery/realm/audit_log.h"
#include "recovery/realm/opened_realm.h"
#include "recovery/server/admin/backup_maker.h"
#include "recovery/server/admin/key_rotator.h"
#include "recovery/server/admin/socket.h"
#include "recovery/server/service/tenants.h"
#include "recovery/server/tokens/verifier.h"
#include "recovery/server/transport/rate_limiter.h"
#include "recovery/server/transport/rpc_server.h"
#include "recovery/server/watch/account_log.h"
#include "recovery/server/watch/certificate_watch.h"
#include "recovery/server/watch/metrics.h"
#include "recovery/server/watch/traffic.h"
#include "recovery/server/watch/wear_meter.h"
#include "tools/recoveryd/config.h"
#include "tools/recoveryd/resources.h"

namespace labrec::recovery {
class AdminService;
class ConnectEndpoint;
class GrpcService;
class HttpServer;
class RecoveryService;
}  // namespace labrec::recovery

namespace labrec::recoveryd {

// Who may use the admin socket: root, the daemon's own user, and whom the operator named.
recovery::AdminUsers AdminUsersOf(const Config& config);

// All parts of a running realm, in the order in which they stand on each other.
class Daemon {
 public:
  // Opens the realm and serves. What can fail without the device comes before the device is asked anything,
  // and what storage holds is judged before the device is written: a start that fails writes nothing to the
  // device, and changes no row. Only what an earlier run left in the database's log is moved into the
  // database, before anything there is believed (OpenSqliteStore). `on_fatal` is called when the process must
  // end at once (see Engine::Start). `pause` is asked after each try to open the devices that failed: OK to
  // try again, or what the start ends with.
  using Pause = std::function<absl::Status(const absl::Status& why)>;
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config,
                                                       std::function<void(absl::Status)> on_fatal,
                                                       const Pause& pause);
  // Likewise with a realm that is open already: a standby took it over.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config, OpenedRealm realm,
                                                       std::function<void(absl::Status)> on_fatal);
  // Stops at once, if Drain was not called.
  ~Daemon();

  recovery::EngineStatus status() const { return engine_->status(); }
  void SetHealthy(bool healthy);
  // Lets the wear of the anchor device be kept, now and then.
  void NoteWear() { wear_->Note(engine_->status()); }
  // Gives memory back to the system after a crowd has left. To be called every few seconds.
  void GiveMemoryBack();
  // Asks devices that nothing was asked of for a while whether they answer. Returns at once.
  void ProbeDevices() { engine_->ProbeWhenIdle(std::chrono::seconds(10)); }
  void LookAtCertificates() { certificates_->Look(); }
  // Token keys, certificates, tenants and the audit log's file, as they are now.
  void Reread();
  // Takes the tenants of the configuration and of the tool's file as they are now; each change is in the
  // audit log before it holds. An error changes nothing, and says what is wrong. Any thread.
  absl::Status ReloadTenants(const std::string& actor);
  // Takes nothing new, answers what it has, and stops. What is not answered after `grace` is cancelled: its
  // client does not hear whether it was done, and may send it again.
  void Drain(std::chrono::seconds grace);

 private:
  Daemon();
  absl::Status Prepare(const Config& config, const recovery::RealmFolder& folder,
                       const recovery::RealmManifest& manifest);
  absl::Status Serve(const Config& config, std::function<void(absl::Status)> on_fatal);
  absl::Status OpenDevices(const Config& config, LockedRealm locked, const Pause& pause);
  absl::Status StartEngine(const Config& config, std::function<void(absl::Status)> on_fatal);
  absl::Status StartServices(const Config& config);
  void StartRotator(const Config& config);
  void NoteRun();
  absl::Status StartListening(const Config& config);
  void StartWeb(const Config& config, const recovery::ServerLimits& limits);
  recovery::ConnectionFigures Connections() const;
  void GrantTenants(const Config& config);

  std::optional<OpenedRealm> realm_;
  std::vector<Bytes> intermediates_;              // what Prepare found, until it is used
  std::unique_ptr<recovery::Listener> listener_;  // likewise
  std::unique_ptr<recovery::Listener> web_listener_;
  std::unique_ptr<recovery::Listener> metrics_listener_;
  MemoryReturn memory_;
  std::unique_ptr<recovery::Engine> engine_;
  std::unique_ptr<recovery::WearMeter> wear_;
  std::unique_ptr<recovery::CertificateWatch> certificates_;
  std::unique_ptr<recovery::BackupMaker> backups_;
  std::unique_ptr<recovery::TokenVerifier> tokens_;
  std::unique_ptr<recovery::RateLimiter> rates_;
  std::filesystem::path config_file_;
  std::mutex reload_mutex_;
  recovery::Tenants tenants_;
  std::unique_ptr<recovery::AuditLog> audit_;
  recovery::Metrics metrics_;
  recovery::Traffic traffic_{metrics_};
  std::unique_ptr<recovery::KeyRotator> rotator_;  // null: the anchor has no period keys
  std::unique_ptr<recovery::AccountLog> account_log_;
  std::unique_ptr<recovery::AdminSocket> admin_socket_;
  std::unique_ptr<recovery::RecoveryService> recovery_service_;
  std::unique_ptr<recovery::GrpcService> grpc_service_;
  std::unique_ptr<recovery::ConnectEndpoint> connect_endpoint_;
  std::unique_ptr<recovery::AdminService> admin_service_;
  std::unique_ptr<recovery::RpcServer> admin_server_;
  std::unique_ptr<recovery::RpcServer> server_;
  std::unique_ptr<recovery::HttpServer> web_server_;
  std::unique_ptr<recovery::HttpServer> metrics_server_;
};

}  // namespace labrec::recoveryd
