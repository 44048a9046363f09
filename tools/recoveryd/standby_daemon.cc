#include "tools/recoveryd/standby_daemon.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"
#include "hsm/device.h"
#include "recovery/realm/owner.h"
#include "recovery/server/admin/standby_service.h"
#include "recovery/server/transport/http/server.h"
#include "recovery/server/web/metrics_page.h"
#include "tools/recoveryd/preflight.h"

namespace labrec::recoveryd {
namespace {

recovery::StandbyOptions StandbyOptionsFor(const Config& config) {
  recovery::StandbyOptions options;
  options.store = config.store;
  options.automatic = config.standby.automatic;
  options.after = config.standby.after;
  return options;
}

// Found out now, and not when the realm depends on it. Nobody is let in, and the addresses are free again.
absl::Status CheckAddresses(const Config& config) {
  LABREC_RETURN_IF_ERROR(recovery::RpcServer::Bind(config.listen).status());
  if (!config.web) return absl::OkStatus();
  return recovery::RpcServer::Bind(config.web->listen).status();
}

recovery::RealmFacts FactsOf(const OpenedRealm& realm, const Config& config) {
  return {realm.manifest.realm_id, realm.manifest.name,
          ToBytes(realm.key_device->evaluation_key()->public_key().Compressed()), config.first_device,
          config.guess_policy};
}

}  // namespace

absl::Status CheckStandby(const Config& config) {
  if (!config.store.in_folder()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "[store] url: is missing, and --standby follows a ledger in PostgreSQL: a file is of one host");
}

absl::StatusOr<std::unique_ptr<StandbyDaemon>> StandbyDaemon::Start(const Config& config,
                                                                    const Daemon::Pause& pause) {
  LABREC_RETURN_IF_ERROR(recovery::CheckNotRootInFolderOf(config.state));
  LABREC_RETURN_IF_ERROR(CheckFiles(config));
  LABREC_ASSIGN_OR_RETURN(LockedRealm locked, LockRealm(config.state));
  LABREC_RETURN_IF_ERROR(CheckAddresses(config));
  std::unique_ptr<StandbyDaemon> daemon(new StandbyDaemon());
  LABREC_ASSIGN_OR_RETURN(daemon->audit_, recovery::AuditLog::Open(locked.folder.AuditPath(), SystemClock()));
  LABREC_RETURN_IF_ERROR(daemon->OpenDevices(config, std::move(locked), pause));
  LABREC_RETURN_IF_ERROR(daemon->Follow(config));
  LABREC_RETURN_IF_ERROR(daemon->Listen(config));
  return daemon;
}

// The folder is not locked during a pause: an operator may work on it meanwhile.
absl::Status StandbyDaemon::OpenDevices(const Config& config, LockedRealm locked,
                                        const Daemon::Pause& pause) {
  absl::StatusOr<OpenedRealm> opened =
      OpenRealmDevices(std::move(locked), config.device_uri, config.anchor_uri);
  while (!opened.ok()) {
    LABREC_RETURN_IF_ERROR(pause(opened.status()));
    LABREC_ASSIGN_OR_RETURN(LockedRealm again, LockRealm(config.state));
    opened = OpenRealmDevices(std::move(again), config.device_uri, config.anchor_uri);
  }
  realm_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status StandbyDaemon::Follow(const Config& config) {
  hsm::FreshnessAnchor* const anchor = realm_->anchor_device().freshness_anchor();
  if (anchor == nullptr || realm_->key_device->evaluation_key() == nullptr) {
    return absl::FailedPreconditionError(
        "the devices lack the realm's keys or its anchor: both hosts have to reach those of realm init");
  }
  if (config.standby.automatic) LABREC_RETURN_IF_ERROR(recovery::CheckMayTakeOverByItself(*anchor));
  standby_ = std::make_unique<recovery::Standby>(realm_->folder, *anchor, realm_->manifest.realm_id,
                                                 StandbyOptionsFor(config), *audit_);
  return absl::OkStatus();
}

absl::Status StandbyDaemon::Listen(const Config& config) {
  LABREC_ASSIGN_OR_RETURN(admin_socket_,
                          recovery::AdminSocket::Listen(config.admin_socket, AdminUsersOf(config)));
  service_ = std::make_unique<recovery::StandbyService>(
      *standby_, traffic_, FactsOf(*realm_, config), [this] { return status(); }, SystemClock().NowMillis(),
      [socket = admin_socket_.get()](const std::string& peer) { return socket->PeerOf(peer); });
  LABREC_ASSIGN_OR_RETURN(admin_server_, recovery::RpcServer::WithoutListener(config.limits, *service_));
  admin_server_->SetHealthy(false);
  metrics_.Watch([this] { return status(); }, nullptr);
  metrics_.WatchStandby([this] { return standby_->figures(); });
  if (!config.metrics_address.empty()) {
    absl::StatusOr<std::unique_ptr<recovery::Listener>> bound =
        recovery::Listener::Listen(config.metrics_address);
    if (!bound.ok()) {
      return absl::Status(bound.status().code(),
                          absl::StrCat("[metrics] address: ", bound.status().message()));
    }
    metrics_server_ = recovery::ServeMetrics(*std::move(bound), metrics_);
  }
  admin_socket_->Accept([server = admin_server_.get()](int fd) { server->Take(fd); });
  spdlog::info("standby of realm {}: follows it, and takes over {}", realm_->manifest.name,
               config.standby.automatic ? "by itself" : "by 'labyrinth-admin standby takeover'");
  return absl::OkStatus();
}

StandbyDaemon::StandbyDaemon() = default;

StandbyDaemon::~StandbyDaemon() {
  Close();
}

recovery::EngineStatus StandbyDaemon::status() const {
  recovery::EngineStatus status = recovery::StatusOfStandby(standby_->figures());
  status.device = realm_->key_device->description();
  status.anchor = realm_->own_anchor_device ? realm_->own_anchor_device->freshness_anchor()->wear()
                                            : realm_->key_device->freshness_anchor()->wear();
  return status;
}

std::optional<OpenedRealm> StandbyDaemon::AwaitRealm(std::chrono::milliseconds patience) {
  std::optional<recovery::PlacedStore> placed = standby_->AwaitStore(patience);
  if (!placed) return std::nullopt;
  Close();
  realm_->Take(*std::move(placed));
  return std::exchange(realm_, std::nullopt);
}

// Whoever asked for the takeover is answered first.
void StandbyDaemon::Close() {
  constexpr std::chrono::seconds kGrace{1};
  traffic_.Close();
  if (admin_socket_) admin_socket_->Close();
  traffic_.WaitUntilQuiet(kGrace);
  metrics_server_.reset();
  metrics_.StopWatching();
  standby_.reset();
  if (admin_server_) admin_server_->Stop();
  admin_server_.reset();
  service_.reset();
  audit_.reset();
}

}  // namespace labrec::recoveryd
