#include "recovery/server/admin/service.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "attestation/verify/statement.h"
#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/names.h"
#include "recovery/server/admin/acts.h"
#include "recovery/server/service/answers.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/service/rpc.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

void FillWear(const WearFigures& wear, v1::AnchorWear* answer) {
  answer->set_writes_since_start(wear.since_start);
  answer->set_lifetime_writes(wear.lifetime);
  answer->set_counted_since_ms(wear.counted_since_ms);
  answer->set_writes_per_day(wear.per_day);
  answer->set_rated_endurance(wear.rated_endurance);
  answer->set_years_left(wear.years_left);
}

void FillSealing(const SealingFigures& sealing, v1::SealingState* answer) {
  answer->set_period(sealing.period);
  answer->set_since_ms(sealing.since_ms);
  answer->set_earlier_period(sealing.earlier_period);
  answer->set_buckets_done(sealing.buckets_done);
  answer->set_buckets(sealing.buckets);
  answer->set_failure(sealing.failure);
  answer->set_device_writes(sealing.device_writes);
}

}  // namespace

// Here and not in the header: whoever makes or destroys a service compiles all that gRPC generated for it.
AdminService::AdminService(Engine& engine, BackupMaker& backups, KeyRotator* rotator, const WearMeter& wear,
                           const CertificateWatch& certificates, AuditLog& audit, Traffic& traffic,
                           RealmFacts facts, TenantControl tenants, int64_t started_at_ms,
                           std::chrono::minutes two_persons_within,
                           std::function<std::optional<Peer>(const std::string&)> peer_of)
    : engine_(engine),
      backups_(backups),
      rotator_(rotator),
      wear_(wear),
      certificates_(certificates),
      audit_(audit),
      traffic_(traffic),
      facts_(std::move(facts)),
      tenants_(std::move(tenants)),
      started_at_ms_(started_at_ms),
      two_persons_(two_persons_within),
      peer_of_(std::move(peer_of)) {}
AdminService::~AdminService() = default;

absl::StatusOr<std::string> AdminService::Actor(const Context& context) const {
  return PersonAt(peer_of_(context.peer()));
}

absl::StatusOr<std::string> AdminService::Changer(const Context& context) const {
  return OperatorAt(peer_of_(context.peer()));
}

absl::Status AdminService::Agree(const Context& context, AuditEvent& event) {
  const std::optional<Peer> peer = peer_of_(context.peer());
  LABREC_RETURN_IF_ERROR(OperatorAt(peer).status());
  const Writer what = std::move(Writer().Lp(event.event).Lp(event.tenant).Lp(event.account).Lp(event.record));
  absl::StatusOr<std::string> agreed =
      two_persons_.Agree(ToString(what.bytes()), *peer, std::chrono::steady_clock::now());
  if (!agreed.ok()) {
    AuditEvent asked = event;
    asked.event += "_asked";
    LABREC_RETURN_IF_ERROR(audit_.Append(asked, Durability::kSync));
    return agreed.status();
  }
  event.detail = *std::move(agreed);
  return absl::OkStatus();
}

AdminService::Reactor* AdminService::GetStatus(Context* context, const v1::GetStatusRequest*,
                                               v1::GetStatusResponse* response) {
  return Serve(context, "Admin.GetStatus", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    const EngineStatus status = engine_.status();
    DescribeRealm(facts_, status, response->mutable_realm());
    response->set_serving(status.serving);
    response->set_not_serving_reason(status.not_serving_reason);
    response->set_epoch(status.epoch);
    response->set_records(status.records);
    response->set_started_at_ms(started_at_ms_);
    response->set_queue_depth(status.queue_depth);
    response->set_guesses_counted(status.guesses_counted);
    response->set_anchor_commits(status.anchor.commits);
    FillWear(wear_.Figures(status.anchor.commits), response->mutable_anchor_wear());
    if (rotator_ != nullptr) FillSealing(rotator_->figures(), response->mutable_sealing());
    response->set_oldest_device_call_ms(status.oldest_device_call.count());
    for (const CertificateFigures& each : certificates_.Figures()) {
      v1::CertificateState* const certificate = response->add_certificates();
      certificate->set_file(each.file);
      certificate->set_expires_at_ms(each.expires_at_ms);
    }
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::AdminListDevices(Context* context, const v1::AdminAccount* request,
                                                      v1::ListDevicesResponse* response) {
  return Serve(context, "Admin.ListDevices", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, request->tenant(), request->account()));
    LABREC_RETURN_IF_ERROR(NoteRead(*context, "devices_read", caller.tenant, caller.account));
    engine_.devices().ListDevices(std::move(caller), call.Answer<Account>([=](const Account& account) {
      FillDevices(account, response);
    }));
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::AdminEnrollDevice(Context* context,
                                                       const v1::AdminEnrollDeviceRequest* request,
                                                       v1::EnrollDeviceResponse* response) {
  return Serve(context, "Admin.EnrollDevice", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(std::string actor, Changer(*context));
    const v1::AdminAccount& account = request->account();
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, account.tenant(), account.account()));
    if (!tenants_.tenants.Has(account.tenant())) {
      return absl::NotFoundError(absl::StrCat(
          "tenant \"", account.tenant(),
          "\" is not in the daemon's configuration, nor one of \"labyrinth-admin tenant list\""));
    }
    LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey key, PublicKeyField("public_key", request->public_key()));
    LABREC_ASSIGN_OR_RETURN(std::string name, DeviceNameField(request->name()));
    const AuditEvent event{"device_enroll",
                           std::move(actor),
                           caller.tenant,
                           caller.account,
                           "",
                           "device " + Hex(key.DeviceId())};
    LABREC_RETURN_IF_ERROR(audit_.Append(event, Durability::kSync));
    engine_.devices().EnrollDeviceAsOperator(
        std::move(caller), key, std::move(name),
        RecordedAnswer<Enrollment>(call, audit_, event, [=](const Enrollment& enrolled) {
          response->set_device_id(ToString(enrolled.device));
        }));
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::AdminRevokeDevice(Context* context,
                                                       const v1::AdminRevokeDeviceRequest* request,
                                                       v1::RevokeDeviceResponse*) {
  return Serve(context, "Admin.RevokeDevice", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(std::string actor, Changer(*context));
    const v1::AdminAccount& account = request->account();
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, account.tenant(), account.account()));
    LABREC_ASSIGN_OR_RETURN(const DeviceId device, DeviceIdField(request->device_id()));
    const AuditEvent event{"device_revoke",        std::move(actor), caller.tenant, caller.account, "",
                           "device " + Hex(device)};
    LABREC_RETURN_IF_ERROR(audit_.Append(event, Durability::kSync));
    engine_.devices().RevokeDevice(std::move(caller), device, std::nullopt,
                                   RecordedAnswer<Ok>(call, audit_, event, [](Ok) {}));
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::AdminShowRecord(Context* context, const v1::AdminRecord* request,
                                                     v1::AdminShowRecordResponse* response) {
  return Serve(context, "Admin.ShowRecord", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, request->tenant(), request->account()));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_RETURN_IF_ERROR(NoteRead(*context, "record_read", caller.tenant, caller.account, record));
    engine_.records().GetRecord(std::move(caller), std::move(record),
                                call.Answer<RecordView>([=](const RecordView& view) {
                                  FillShown(view, Configs::kLeaveOut, response);
                                }));
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::AdminDeleteRecord(Context* context, const v1::AdminRecord* request,
                                                       v1::DeleteRecordResponse*) {
  return Serve(context, "Admin.DeleteRecord", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(std::string actor, Changer(*context));
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, request->tenant(), request->account()));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    AuditEvent event{"record_delete", std::move(actor), caller.tenant, caller.account, record, ""};
    LABREC_RETURN_IF_ERROR(Agree(*context, event));
    LABREC_RETURN_IF_ERROR(audit_.Append(event, Durability::kSync));
    engine_.records().DeleteRecord(std::move(caller), std::move(record), std::nullopt,
                                   RecordedAnswer<Ok>(call, audit_, event, [](Ok) {}));
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::CreateBackup(Context* context, const v1::CreateBackupRequest* request,
                                                  v1::CreateBackupResponse* response) {
  return Serve(context, "Admin.CreateBackup", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(std::string actor, Changer(*context));
    const AuditEvent event{"backup_create", std::move(actor), "", "", "", "file " + request->path()};
    LABREC_RETURN_IF_ERROR(audit_.Append(event, Durability::kSync));
    const uint64_t epoch = engine_.status().epoch;
    backups_.Make(request->path(), RecordedAnswer<uint64_t>(call, audit_, event, [=](uint64_t bytes) {
                    response->set_bytes(bytes);
                    response->set_epoch(epoch);
                  }));
    return absl::OkStatus();
  });
}

// The rotator writes to the audit log itself, as it does for those of its schedule.
AdminService::Reactor* AdminService::RotatePeriodKey(Context* context,
                                                     const v1::RotatePeriodKeyRequest* request,
                                                     v1::RotatePeriodKeyResponse* response) {
  return Serve(context, "Admin.RotatePeriodKey", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::string actor, Changer(*context));
    if (rotator_ == nullptr) {
      return absl::FailedPreconditionError("the realm's anchor device holds no period keys");
    }
    const EarlierKey earlier = request->keep_earlier() ? EarlierKey::kStays : EarlierKey::kDestroyed;
    rotator_->Rotate(earlier, actor, [this, call, response](const absl::Status& rotated) {
      const SealingFigures now = rotator_->figures();
      response->set_period(now.period);
      response->set_earlier_destroyed(now.earlier_period == 0);
      call.Finish(rotated);
    });
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::GetStandby(Context* context, const v1::GetStandbyRequest*,
                                                v1::GetStandbyResponse* response) {
  return Serve(context, "Admin.GetStandby", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    response->set_serves(true);
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::TakeOver(Context* context, const v1::TakeOverRequest*,
                                              v1::TakeOverResponse*) {
  return Serve(context, "Admin.TakeOver", traffic_, [&](const Call&) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    return absl::FailedPreconditionError("this host serves the realm already");
  });
}

AdminService::Reactor* AdminService::AdminIdentity(Context* context, const v1::GetIdentityRequest*,
                                                   v1::GetIdentityResponse* response) {
  return Serve(context, "Admin.Identity", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    engine_.attestation().GetIdentity(
        call.Answer<Bytes>([=](const Bytes& identity) { response->set_identity(ToString(identity)); }));
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::AdminAttest(Context* context, const v1::AttestRequest* request,
                                                 v1::AttestResponse* response) {
  return Serve(context, "Admin.Attest", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    LABREC_ASSIGN_OR_RETURN(auto challenge, CredentialField(request->credential()));
    LABREC_ASSIGN_OR_RETURN(const Bytes nonce, FixedField("nonce", request->nonce(), 32));
    if (!request->tls_key_hash().empty()) {
      return absl::InvalidArgumentError("tls_key_hash: there is no TLS on the admin socket");
    }
    Caller caller;
    caller.is_operator = true;
    caller.deadline = DeadlineOf(*context);
    engine_.attestation().Attest(
        std::move(caller), std::move(challenge),
        attestation::RealmStatementNonce(facts_.realm_id, Digest{}, nonce),
        call.Answer<Bytes>([=](const Bytes& evidence) { response->set_evidence(ToString(evidence)); }));
    return absl::OkStatus();
  });
}

}  // namespace labrec::recovery
