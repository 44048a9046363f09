#include "tools/recoveryd/daemon.h"

#include <algorithm>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "attestation/verify/ek/trust.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/capacity.h"
#include "recovery/realm/owner.h"
#include "recovery/server/admin/service.h"
#include "recovery/server/service/grpc_service.h"
#include "recovery/server/service/service.h"
#include "recovery/server/transport/http/server.h"
#include "recovery/server/web/connect_endpoint.h"
#include "recovery/server/web/connect_error.h"
#include "recovery/server/web/metrics_page.h"
#include "tools/recoveryd/preflight.h"
#include "tools/recoveryd/resources.h"
#include "tools/recoveryd/tenant_changes.h"

namespace labrec::recoveryd {
namespace {

// Certificates between the vendor's root and the EK's own, for clients; a mistake in them ends the start.
absl::StatusOr<std::vector<Bytes>> Intermediates(const Config& config) {
  if (config.ek_intermediates.empty()) return std::vector<Bytes>();
  LABREC_ASSIGN_OR_RETURN(attestation::EkTrust found,
                          attestation::EkTrust::Load(config.ek_intermediates, {}));
  if (const std::string skipped = found.Skipped(); !skipped.empty()) {
    spdlog::warn("{}: some of it goes to no client{}", config.ek_intermediates.string(), skipped);
  }
  return std::move(found.anchors);
}

recovery::EngineOptions OptionsFor(const Config& config, const recovery::RealmManifest& manifest) {
  recovery::EngineOptions options;
  options.realm_name = manifest.name;
  options.realm_id = manifest.realm_id;
  options.guess_policy = config.guess_policy;
  options.first_device = config.first_device;
  options.queue_limit = config.queue;
  options.account_queue_limit = config.queue_per_account;
  options.batch_limit = config.batch;
  options.challenge_limit = config.challenges;
  options.quoted_pcrs = config.quoted_pcrs;
  options.attestation_limits = config.attestation_limits;
  options.chip_registrations = config.chip_registrations;
  return options;
}

// TPMs' flash is commonly rated for so many writes; of tokens nothing is known in general.
uint64_t RatedEndurance(const Config& config, const hsm::AnchorWear& anchor) {
  constexpr uint64_t kTpmFlash = 500'000;
  return config.rated_endurance.value_or(anchor.kind == "tpm-nv-counter" ? kTpmFlash : 0);
}

std::vector<recovery::Tenant> KeysOf(const std::vector<recovery::TenantSettings>& tenants) {
  std::vector<recovery::Tenant> keys;
  keys.reserve(tenants.size());
  for (const recovery::TenantSettings& tenant : tenants) keys.push_back(tenant.keys);
  return keys;
}

absl::Status Snapshot(recovery::SqliteStore* file, const std::filesystem::path& path) {
  if (file != nullptr) return file->Snapshot(path);
  return absl::FailedPreconditionError(
      "the ledger is in PostgreSQL: back it up there (docs/postgresql.md, \"Backups\")");
}

// What is wrong with a listener, under the name that it has in the configuration.
absl::StatusOr<std::unique_ptr<recovery::Listener>> In(
    std::string_view key, absl::StatusOr<std::unique_ptr<recovery::Listener>> bound) {
  if (bound.ok()) return bound;
  return absl::Status(bound.status().code(), absl::StrCat(AbslView(key), ": ", bound.status().message()));
}

constexpr int kLongestOfOperators = 4 << 20;  // a thousand devices to be enrolled

// As gRPC does: a thread for each processor, as requests are checked on them.
size_t WebThreads() {
  return std::max<size_t>(2, std::thread::hardware_concurrency());
}

void LogDevice(const char* role, const hsm::DeviceDescription& device) {
  spdlog::info("{}: {} {} {} {}", role, device.kind, device.manufacturer, device.model, device.firmware);
  if (!device.warning.empty()) spdlog::warn("{}: {}", role, device.warning);
}

}  // namespace

recovery::AdminUsers AdminUsersOf(const Config& config) {
  recovery::AdminUsers users{config.admin_uids, config.reader_uids};
  users.operators.push_back(0);
  users.operators.push_back(geteuid());
  return users;
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config,
                                                      std::function<void(absl::Status)> on_fatal,
                                                      const Pause& pause) {
  LABREC_RETURN_IF_ERROR(recovery::CheckNotRootInFolderOf(config.state));
  LABREC_RETURN_IF_ERROR(CheckFiles(config));
  LABREC_ASSIGN_OR_RETURN(LockedRealm locked, LockRealm(config.state));
  std::unique_ptr<Daemon> daemon(new Daemon());
  LABREC_RETURN_IF_ERROR(daemon->Prepare(config, locked.folder, locked.manifest));
  LABREC_RETURN_IF_ERROR(daemon->OpenDevices(config, std::move(locked), pause));
  LABREC_RETURN_IF_ERROR(daemon->Serve(config, std::move(on_fatal)));
  return daemon;
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config, OpenedRealm realm,
                                                      std::function<void(absl::Status)> on_fatal) {
  std::unique_ptr<Daemon> daemon(new Daemon());
  daemon->realm_ = std::move(realm);
  LABREC_RETURN_IF_ERROR(daemon->realm_->UseKeys());
  LABREC_RETURN_IF_ERROR(daemon->Prepare(config, daemon->realm_->folder, daemon->realm_->manifest));
  LABREC_RETURN_IF_ERROR(daemon->Serve(config, std::move(on_fatal)));
  return daemon;
}

absl::Status Daemon::Serve(const Config& config, std::function<void(absl::Status)> on_fatal) {
  LABREC_RETURN_IF_ERROR(StartEngine(config, std::move(on_fatal)));
  GiveWayToEarlierThreads();
  LABREC_RETURN_IF_ERROR(StartServices(config));
  return StartListening(config);
}

// Nothing here starts a thread: the engine's come first (GiveWayToEarlierThreads).
absl::Status Daemon::Prepare(const Config& config, const recovery::RealmFolder& folder,
                             const recovery::RealmManifest& manifest) {
  config_file_ = config.file;
  LABREC_ASSIGN_OR_RETURN(intermediates_, Intermediates(config));
  const recovery::TokenLimits token_limits{static_cast<size_t>(config.limits.max_metadata_bytes),
                                           config.cached_tokens};
  LABREC_ASSIGN_OR_RETURN(
      tokens_, recovery::TokenVerifier::Create(KeysOf(config.tenants), Hex(manifest.realm_id), SystemClock(),
                                               token_limits));
  LABREC_ASSIGN_OR_RETURN(audit_, recovery::AuditLog::Open(folder.AuditPath(), SystemClock()));
  LABREC_ASSIGN_OR_RETURN(admin_socket_,
                          recovery::AdminSocket::Listen(config.admin_socket, AdminUsersOf(config)));
  LABREC_ASSIGN_OR_RETURN(listener_, recovery::RpcServer::Bind(config.listen));
  if (config.web) {
    LABREC_ASSIGN_OR_RETURN(web_listener_,
                            In("[web] address", recovery::RpcServer::Bind(config.web->listen)));
  }
  if (config.metrics_address.empty()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(metrics_listener_,
                          In("[metrics] address", recovery::Listener::Listen(config.metrics_address)));
  return absl::OkStatus();
}

// The folder is not locked during a pause: an operator may work on it meanwhile.
absl::Status Daemon::OpenDevices(const Config& config, LockedRealm locked, const Pause& pause) {
  absl::StatusOr<OpenedRealm> opened =
      OpenRealm(std::move(locked), config.device_uri, config.anchor_uri, config.store);
  while (!opened.ok()) {
    LABREC_RETURN_IF_ERROR(pause(opened.status()));
    opened = OpenRealm(config.state, config.device_uri, config.anchor_uri, config.store);
  }
  realm_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status Daemon::StartEngine(const Config& config, std::function<void(absl::Status)> on_fatal) {
  LogDevice("key device", realm_->key_device->description());
  if (realm_->own_anchor_device) LogDevice("anchor device", realm_->own_anchor_device->description());
  recovery::EngineOptions options = OptionsFor(config, realm_->manifest);
  options.endorsement_intermediates = std::move(intermediates_);
  LABREC_ASSIGN_OR_RETURN(
      engine_, recovery::Engine::Start(std::move(options), *realm_->store, *realm_->key_device,
                                       realm_->anchor_device(), SystemClock(), std::move(on_fatal)));
  const recovery::EngineStatus status = engine_->status();
  spdlog::info("realm {} ({}): {} rows, {} discontinuities", realm_->manifest.name,
               Hex(realm_->manifest.realm_id), status.records, status.discontinuities);
  const std::string outgrown = recovery::Outgrown(status.records, realm_->manifest.bucket_exponent);
  if (!outgrown.empty()) spdlog::warn("the ledger has outgrown its realm: {}", outgrown);
  return absl::OkStatus();
}

absl::Status Daemon::StartServices(const Config& config) {
  const recovery::RealmManifest& manifest = realm_->manifest;
  const recovery::RealmFacts facts{manifest.realm_id, manifest.name,
                                   ToBytes(realm_->key_device->evaluation_key()->public_key().Compressed()),
                                   config.first_device, config.guess_policy};
  wear_ = std::make_unique<recovery::WearMeter>(realm_->folder.WearPath(), SystemClock(),
                                                RatedEndurance(config, engine_->status().anchor),
                                                engine_->status());
  certificates_ =
      std::make_unique<recovery::CertificateWatch>(config.listen.tls, config.tls_certificates, SystemClock());
  backups_ = std::make_unique<recovery::BackupMaker>(
      [file = realm_->ledger_file](const std::filesystem::path& path) { return Snapshot(file, path); });
  StartRotator(config);
  rates_ = std::make_unique<recovery::RateLimiter>(config.rates);
  GrantTenants(config);
  tokens_->Begin();
  account_log_ = std::make_unique<recovery::AccountLog>(*audit_, metrics_);
  recovery_service_ = std::make_unique<recovery::RecoveryService>(*engine_, *tokens_, *rates_, *account_log_,
                                                                  facts, config.tls_certificates, &tenants_);
  grpc_service_ = std::make_unique<recovery::GrpcService>(*recovery_service_, traffic_);
  admin_service_ = std::make_unique<recovery::AdminService>(
      *engine_, *backups_, rotator_.get(), *wear_, *certificates_, *audit_, traffic_, facts,
      recovery::TenantControl{tenants_, [this](const std::string& actor) { return ReloadTenants(actor); },
                              [tokens = tokens_.get()] { return tokens->KeyReports(); }},
      SystemClock().NowMillis(), config.two_persons_within,
      [socket = admin_socket_.get()](const std::string& peer) { return socket->PeerOf(peer); });
  const auto status = [engine = engine_.get()] { return engine->status(); };
  metrics_.WatchCertificates([certificates = certificates_.get()] { return certificates->Figures(); });
  metrics_.WatchStorage(realm_->storage_figures);
  metrics_.Watch(status, [status, wear = wear_.get()] { return wear->Figures(status().anchor.commits); });
  return absl::OkStatus();
}

void Daemon::StartRotator(const Config& config) {
  if (realm_->sealed == nullptr) return;
  const auto anchor_batch = [engine = engine_.get()] {
    std::promise<absl::Status> anchored;
    engine->AnchorNow([&anchored](const absl::Status& status) { anchored.set_value(status); });
    return anchored.get_future().get();
  };
  rotator_ = std::make_unique<recovery::KeyRotator>(
      recovery::KeyRotator::Parts{*realm_->sealed, anchor_batch, *audit_, SystemClock()},
      recovery::KeyRotator::Schedule{.every = config.rotate_every});
  metrics_.WatchSealing([rotator = rotator_.get()] { return rotator->figures(); });
}

// Before anybody is served: a client's change may be in the ledger, and its line nowhere.
void Daemon::NoteRun() {
  if (realm_->lock.left_serving()) {
    audit_->AppendLater({"run_was_killed", "daemon", "", "", "",
                         "a change of its last moments that no client was told of may have no line"},
                        recovery::Durability::kSync, [](const absl::Status& written) {
                          if (!written.ok())
                            spdlog::error("run_was_killed: {}", std::string(written.message()));
                        });
  }
  const absl::Status noted = realm_->lock.NoteServing();
  if (!noted.ok())
    spdlog::warn("whether this run comes to its end is not written down: {}", std::string(noted.message()));
}

absl::Status Daemon::StartListening(const Config& config) {
  NoteRun();
  recovery::ServerLimits limits = config.limits;
  limits.max_message_bytes = kLongestOfOperators;
  LABREC_ASSIGN_OR_RETURN(admin_server_, recovery::RpcServer::WithoutListener(limits, *admin_service_));
  limits = config.limits;
  // Each listener's: both together get the descriptors that there are.
  const size_t listeners = config.web ? 2 : 1;
  limits.max_connections = ConnectionsThatFit(listeners * limits.max_connections) / listeners;
  LABREC_ASSIGN_OR_RETURN(
      server_, recovery::RpcServer::Serve(std::move(listener_), config.listen, limits, *grpc_service_));
  if (config.web) StartWeb(config, limits);
  metrics_.WatchConnections([this] { return Connections(); });
  if (metrics_listener_) {
    metrics_server_ = recovery::ServeMetrics(std::move(metrics_listener_), metrics_);
  }
  admin_socket_->Accept([server = admin_server_.get()](int fd) { server->Take(fd); });
  spdlog::info("listening on {}{}", config.listen.address, config.listen.tls ? " (TLS 1.3)" : " (no TLS)");
  return absl::OkStatus();
}

void Daemon::StartWeb(const Config& config, const recovery::ServerLimits& limits) {
  connect_endpoint_ =
      std::make_unique<recovery::ConnectEndpoint>(*recovery_service_, traffic_, config.web->origins);
  recovery::HttpLimits http;
  http.request = {static_cast<size_t>(limits.max_metadata_bytes),
                  static_cast<size_t>(limits.max_message_bytes)};
  http.connections = limits.max_connections;
  http.bodies_bytes = limits.max_memory_bytes;
  web_server_ = recovery::HttpServer::Serve(
      std::move(web_listener_), http, WebThreads(),
      [endpoint = connect_endpoint_.get()](auto exchange) { endpoint->Handle(std::move(exchange)); },
      recovery::ConnectRefusal);
  spdlog::info("listening on {} (HTTP, for a proxy)", config.web->listen.address);
}

recovery::ConnectionFigures Daemon::Connections() const {
  recovery::ConnectionFigures all = server_->connections();
  if (web_server_ == nullptr) return all;
  const recovery::ConnectionFigures web = web_server_->connections();
  return {all.open + web.open, all.limit + web.limit, all.refused + web.refused};
}

Daemon::Daemon() = default;

Daemon::~Daemon() {
  if (engine_ != nullptr) Drain(std::chrono::seconds(0));
}

void Daemon::GiveMemoryBack() {
  memory_.Look(Connections().open);
}

void Daemon::Reread() {
  audit_->Reopen();
  if (const absl::Status tenants = ReloadTenants("daemon"); !tenants.ok()) {
    spdlog::error("SIGHUP: tenants stay as they are: {}", std::string(tenants.message()));
  }
  tokens_->Refresh();
  certificates_->Look();
  spdlog::info("SIGHUP: token keys, certificates and the audit log's file are read again");
}

void Daemon::GrantTenants(const Config& config) {
  std::map<std::string, double> rates;
  for (const recovery::TenantSettings& tenant : config.tenants) {
    if (tenant.calls_per_second) rates.emplace(tenant.keys.name, *tenant.calls_per_second);
  }
  rates_->SetTenantRates(rates);
  tenants_.Set(config.tenants);
  if (config.tenants.empty()) spdlog::warn("there is no tenant: no token is taken");
}

absl::Status Daemon::ReloadTenants(const std::string& actor) {
  const std::lock_guard lock(reload_mutex_);
  LABREC_ASSIGN_OR_RETURN(const Config config, ReadConfig(config_file_));
  LABREC_RETURN_IF_ERROR(CheckTokenKeys(config));
  for (const TenantChange& change : TenantChanges(tenants_.All(), config.tenants)) {
    const recovery::AuditEvent event{change.event, actor, change.tenant, "", "", change.detail};
    LABREC_RETURN_IF_ERROR(audit_->Append(event, recovery::Durability::kSync));
    spdlog::info("{}: {}{}{}", change.event, change.tenant, change.detail.empty() ? "" : ": ", change.detail);
  }
  LABREC_RETURN_IF_ERROR(tokens_->SetTenants(KeysOf(config.tenants)));
  GrantTenants(config);
  return absl::OkStatus();
}

void Daemon::SetHealthy(bool healthy) {
  server_->SetHealthy(healthy);
  if (connect_endpoint_) connect_endpoint_->SetHealthy(healthy);
}

void Daemon::Drain(std::chrono::seconds grace) {
  if (server_) SetHealthy(false);
  traffic_.Close();
  if (!traffic_.WaitUntilQuiet(grace)) spdlog::warn("calls under way are cancelled: drain_seconds are over");
  realm_->store->GiveUp();         // a batch that still waits for a replica would be waited for for ever
  if (rotator_) rotator_->Stop();  // whoever asked for one hears that it was stopped
  metrics_.WatchConnections(nullptr);
  if (admin_socket_) admin_socket_->Close();
  if (server_) server_->Stop();
  if (web_server_) web_server_->Stop();
  if (admin_server_) admin_server_->Stop();
  metrics_server_.reset();
  metrics_.StopWatching();
  if (wear_) wear_->Save(engine_->status());
  engine_.reset();
  const absl::Status noted = realm_->lock.NoteEnd();
  if (!noted.ok()) spdlog::warn("the end of this run is not written down: {}", std::string(noted.message()));
}

}  // namespace labrec::recoveryd
