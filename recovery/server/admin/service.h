#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "recovery/api/v1/admin.grpc.pb.h"
#include "recovery/engine/engine.h"
#include "recovery/realm/audit_log.h"
#include "recovery/server/admin/backup_maker.h"
#include "recovery/server/admin/key_rotator.h"
#include "recovery/server/admin/socket.h"
#include "recovery/server/admin/two_persons.h"
#include "recovery/server/service/realm_description.h"
#include "recovery/server/service/tenants.h"
#include "recovery/server/tokens/key_source.h"
#include "recovery/server/watch/certificate_watch.h"
#include "recovery/server/watch/traffic.h"
#include "recovery/server/watch/wear_meter.h"

namespace labrec::recovery {

// What the service needs of the daemon to show tenants, and to take them anew.
struct TenantControl {
  const Tenants& tenants;
  std::function<absl::Status(const std::string& actor)> reload;  // says in the audit log what changed
  std::function<std::map<std::string, KeyReport>()> key_reports;
};

// The operator's API (admin.proto), on the admin socket only. What changes something is written to the audit
// log, durably, before it is done and before it is answered: an action that cannot be recorded is not done
// (UNAVAILABLE).
// Threads: gRPC's. All references outlive the service.
class AdminService : public labyrinth::recovery::v1::Admin::CallbackService {
 public:
  // Devices are enrolled for tenants of `tenants` only. `peer_of` is AdminSocket::PeerOf.
  // `rotator` is null where the anchor's device holds no period keys.
  AdminService(Engine& engine, BackupMaker& backups, KeyRotator* rotator, const WearMeter& wear,
               const CertificateWatch& certificates, AuditLog& audit, Traffic& traffic, RealmFacts facts,
               TenantControl tenants, int64_t started_at_ms, std::chrono::minutes two_persons_within,
               std::function<std::optional<Peer>(const std::string&)> peer_of);
  ~AdminService() override;
  AdminService(const AdminService&) = delete;
  AdminService& operator=(const AdminService&) = delete;

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* GetStatus(Context* context, const labyrinth::recovery::v1::GetStatusRequest* request,
                     labyrinth::recovery::v1::GetStatusResponse* response) override;
  Reactor* AdminListDevices(Context* context, const labyrinth::recovery::v1::AdminAccount* request,
                            labyrinth::recovery::v1::ListDevicesResponse* response) override;
  Reactor* AdminEnrollDevice(Context* context,
                             const labyrinth::recovery::v1::AdminEnrollDeviceRequest* request,
                             labyrinth::recovery::v1::EnrollDeviceResponse* response) override;
  Reactor* EnrollDevices(Context* context, const labyrinth::recovery::v1::EnrollDevicesRequest* request,
                         labyrinth::recovery::v1::EnrollDevicesResponse* response) override;
  Reactor* AdminRevokeDevice(Context* context,
                             const labyrinth::recovery::v1::AdminRevokeDeviceRequest* request,
                             labyrinth::recovery::v1::RevokeDeviceResponse* response) override;
  Reactor* AdminShowRecord(Context* context, const labyrinth::recovery::v1::AdminRecord* request,
                           labyrinth::recovery::v1::AdminShowRecordResponse* response) override;
  Reactor* AdminDeleteRecord(Context* context, const labyrinth::recovery::v1::AdminRecord* request,
                             labyrinth::recovery::v1::DeleteRecordResponse* response) override;

  Reactor* AdminIdentity(Context* context, const labyrinth::recovery::v1::GetIdentityRequest* request,
                         labyrinth::recovery::v1::GetIdentityResponse* response) override;
  Reactor* AdminAttest(Context* context, const labyrinth::recovery::v1::AttestRequest* request,
                       labyrinth::recovery::v1::AttestResponse* response) override;
  Reactor* CreateBackup(Context* context, const labyrinth::recovery::v1::CreateBackupRequest* request,
                        labyrinth::recovery::v1::CreateBackupResponse* response) override;
  Reactor* RotatePeriodKey(Context* context, const labyrinth::recovery::v1::RotatePeriodKeyRequest* request,
                           labyrinth::recovery::v1::RotatePeriodKeyResponse* response) override;
  Reactor* GetStandby(Context* context, const labyrinth::recovery::v1::GetStandbyRequest* request,
                      labyrinth::recovery::v1::GetStandbyResponse* response) override;
  Reactor* TakeOver(Context* context, const labyrinth::recovery::v1::TakeOverRequest* request,
                    labyrinth::recovery::v1::TakeOverResponse* response) override;

  Reactor* ListAccounts(Context* context, const labyrinth::recovery::v1::ListAccountsRequest* request,
                        labyrinth::recovery::v1::ListAccountsResponse* response) override;
  Reactor* ShowAccount(Context* context, const labyrinth::recovery::v1::AdminAccount* request,
                       labyrinth::recovery::v1::AccountState* response) override;
  Reactor* EraseAccount(Context* context, const labyrinth::recovery::v1::AdminAccount* request,
                        labyrinth::recovery::v1::EraseAccountResponse* response) override;
  Reactor* ListTenants(Context* context, const labyrinth::recovery::v1::ListTenantsRequest* request,
                       labyrinth::recovery::v1::ListTenantsResponse* response) override;
  Reactor* ReloadTenants(Context* context, const labyrinth::recovery::v1::ReloadTenantsRequest* request,
                         labyrinth::recovery::v1::ListTenantsResponse* response) override;
  void FillTenants(labyrinth::recovery::v1::ListTenantsResponse* response) const;

  // Who reads what of whom: no answer without its line. Empty names: of all.
  absl::Status NoteRead(const Context& context, const char* event, const std::string& tenant,
                        const std::string& account, const std::string& record = "");
  // Who looks, and who changes something. PERMISSION_DENIED for a connection that did not come through the
  // admin socket; for changes, of a reader too.
  absl::StatusOr<std::string> Actor(const Context& context) const;
  absl::StatusOr<std::string> Changer(const Context& context) const;
  // Of what takes two persons: adds to the event whom it was agreed with. FAILED_PRECONDITION: the first
  // asked.
  absl::Status Agree(const Context& context, AuditEvent& event);

  Engine& engine_;
  BackupMaker& backups_;
  KeyRotator* const rotator_;
  const WearMeter& wear_;
  const CertificateWatch& certificates_;
  AuditLog& audit_;
  Traffic& traffic_;
  const RealmFacts facts_;
  const TenantControl tenants_;
  const int64_t started_at_ms_;
  TwoPersons two_persons_;
  const std::function<std::optional<Peer>(const std::string&)> peer_of_;
};

}  // namespace labrec::recovery
