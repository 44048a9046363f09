#include "recovery/record/devices.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/engine_impl.h"
#include "recovery/engine/rows/rows.h"

// Enrolling, revoking and listing an account's devices.
namespace labrec::recovery {
namespace {

// The record whose unlock key signed, if one did.
absl::StatusOr<std::optional<Record>> UnlockedRecord(WorkingSet& rows, const RecordName& account,
                                                     const Authority& authority) {
  const auto* by = std::get_if<ByUnlockKey>(&authority);
  if (by == nullptr) return std::optional<Record>();
  LABREC_ASSIGN_OR_RETURN(const auto* row, rows.record({account.tenant, account.account, by->record}));
  return *row;
}

absl::Status Enroll(WorkingSet& rows, const RecordName& name, const EnrollDevice& request,
                    FirstDevicePolicy first_device, int64_t now_ms) {
  LABREC_ASSIGN_OR_RETURN(const auto* row, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto unlocked, UnlockedRecord(rows, name, request.authority));
  LABREC_ASSIGN_OR_RETURN(Account next, ApplyEnroll({name, *row, unlocked, first_device}, request, now_ms));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

absl::Status Revoke(WorkingSet& rows, const RecordName& name, const RevokeDevice& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* row, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto unlocked, UnlockedRecord(rows, name, request.authority));
  LABREC_ASSIGN_OR_RETURN(Account next, ApplyRevoke(*row, unlocked, request));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

absl::Status CheckEnrollFields(const Caller& caller, std::string_view name) {
  LABREC_RETURN_IF_ERROR(CheckCaller(caller));
  return CheckDeviceName(name);
}

}  // namespace

std::shared_ptr<Task> EngineImpl::EnrollTask(const Caller& caller, const EcdsaPublicKey& key,
                                             std::string name, Authority authority, Done<DeviceId> done) {
  recovery::EnrollDevice request{key, std::move(name), std::move(authority)};
  const RecordName account{caller.tenant, caller.account, ""};
  return std::make_shared<PlainTask<DeviceId>>(
      caller.deadline,
      [this, account, request = std::move(request)](WorkingSet& rows, int64_t now_ms) {
        return Enroll(rows, account, request, options_.first_device, now_ms);
      },
      key.DeviceId(), std::move(done));
}

void EngineImpl::EnrollDevice(Caller caller, EcdsaPublicKey key, std::string name, Bytes challenge,
                              Bytes proof, std::optional<RawSignature> authorization, Done<DeviceId> done) {
  if (absl::Status bad = CheckEnrollFields(caller, name); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority =
      authorizer_->CheckEnrollment(caller, {key, name, challenge, proof}, authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  Enqueue(caller, EnrollTask(caller, key, std::move(name), *std::move(authority), std::move(done)));
}

void EngineImpl::EnrollDeviceAsOperator(Caller caller, EcdsaPublicKey key, std::string name,
                                        Done<DeviceId> done) {
  if (absl::Status bad = CheckEnrollFields(caller, name); !bad.ok()) return done(std::move(bad));
  if (!caller.is_operator) {
    return done(absl::PermissionDeniedError("only the operator enrols a device without its proof"));
  }
  Enqueue(caller, EnrollTask(caller, key, std::move(name), ByOperator{}, std::move(done)));
}

void EngineImpl::RevokeDevice(Caller caller, DeviceId device, std::optional<RawSignature> authorization,
                              Done<Ok> done) {
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority =
      authorizer_->CheckOrOperator(caller, Operation::kRevokeDevice, RevokeDeviceBody(device), authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  const RecordName account{caller.tenant, caller.account, ""};
  recovery::RevokeDevice request{device, *std::move(authority)};
  Enqueue(caller, std::make_shared<PlainTask<Ok>>(
                      caller.deadline,
                      [account, request = std::move(request)](WorkingSet& rows, int64_t) {
                        return Revoke(rows, account, request);
                      },
                      Ok{}, std::move(done)));
}

void EngineImpl::ListDevices(Caller caller, Done<std::vector<EnrolledDevice>> done) {
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<std::optional<Account>> account = ReadAccount(*ledger_, caller.tenant, caller.account);
  if (!account.ok()) return done(std::move(account).status());
  done(*account ? std::move((*account)->devices) : std::vector<EnrolledDevice>());
}

}  // namespace labrec::recovery
