#include "recovery/engine/devices.h"

#include <utility>
#include <vector>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/rules/erasure.h"

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

absl::Status AddDevice(WorkingSet& rows, const RecordName& name, const EnrollDevice& request,
                       FirstDevicePolicy first_device, int64_t now_ms) {
  LABREC_ASSIGN_OR_RETURN(const auto* row, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto unlocked, UnlockedRecord(rows, name, request.authority));
  LABREC_ASSIGN_OR_RETURN(Account next,
                          InOwnWords(ApplyEnroll({name, *row, unlocked, first_device}, request, now_ms)));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

// A record of the account without what the device left unactivated; none: nothing is left of it.
struct Forgotten {
  RecordName name;
  std::optional<Record> record;
};

absl::StatusOr<std::vector<Forgotten>> ForgetEverywhere(WorkingSet& rows, const Account& account,
                                                        const DeviceId& device) {
  std::vector<Forgotten> records;
  for (const std::string& record : account.records) {
    const RecordName name{account.tenant, account.account, record};
    LABREC_ASSIGN_OR_RETURN(const auto* row, rows.record(name));
    if (*row) records.push_back({name, ForgetDevice(**row, device)});
  }
  return records;
}

absl::Status RemoveDevice(WorkingSet& rows, const RecordName& name, const RevokeDevice& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* row, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto unlocked, UnlockedRecord(rows, name, request.authority));
  LABREC_ASSIGN_OR_RETURN(Account next, InOwnWords(ApplyRevoke(*row, unlocked, request)));
  LABREC_ASSIGN_OR_RETURN(std::vector<Forgotten> records, ForgetEverywhere(rows, next, request.device));
  for (Forgotten& each : records) {
    if (each.record) {
      rows.Put(*std::move(each.record));
      continue;
    }
    std::erase(next.records, each.name.record);
    rows.Remove(each.name);
  }
  rows.Put(std::move(next));
  return absl::OkStatus();
}

absl::Status CheckEnrollFields(const Caller& caller, std::string_view name) {
  LABREC_RETURN_IF_ERROR(CheckCaller(caller));
  return InOwnWords(CheckDeviceName(name));
}

// Enrols a list on its way through one commit.
class EnrollManyTask : public Task {
 public:
  EnrollManyTask(Time deadline, std::vector<Devices::Newcomer> newcomers,
                 Done<std::vector<absl::StatusOr<Enrollment>>> done)
      : Task(deadline), newcomers_(std::move(newcomers)), done_(std::move(done)) {}

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override {
    for (const Devices::Newcomer& each : newcomers_) results_.push_back(EnrollOne(rows, each, now_ms));
    return absl::OkStatus();
  }
  void Committed(KeyWork&) override { done_(std::move(results_)); }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  static absl::StatusOr<Enrollment> EnrollOne(WorkingSet& rows, const Devices::Newcomer& each,
                                              int64_t now_ms) {
    const Caller whose{each.tenant, each.account};
    LABREC_RETURN_IF_ERROR(CheckEnrollFields(whose, each.name));
    const RecordName name{each.tenant, each.account, ""};
    const DeviceId id = each.key.DeviceId();
    LABREC_ASSIGN_OR_RETURN(const auto* row, rows.account(name));
    const bool is_new = !*row || (*row)->Find(id) == nullptr;
    LABREC_RETURN_IF_ERROR(
        AddDevice(rows, name, {each.key, each.name, ByOperator{}}, FirstDevicePolicy::kAdmin, now_ms));
    return Enrollment{id, is_new};
  }

  const std::vector<Devices::Newcomer> newcomers_;
  const Done<std::vector<absl::StatusOr<Enrollment>>> done_;
  std::vector<absl::StatusOr<Enrollment>> results_;
};

// The account, an empty one if nobody ever enrolled a device.
Account ThatOrNew(const Caller& caller, const std::optional<Account>& account) {
  return account ? *account : Account{caller.tenant, caller.account, {}, {}};
}

}  // namespace

void Devices::Enroll(const Caller& caller, recovery::EnrollDevice request, FirstDevicePolicy first_device,
                     Done<Enrollment> done) {
  const RecordName account{caller.tenant, caller.account, ""};
  const DeviceId id = request.key.DeviceId();
  parts_.admission.Enqueue(
      caller, std::make_shared<PlainTask<Enrollment>>(
                  caller.deadline,
                  [account, request = std::move(request), first_device](WorkingSet& rows, int64_t now_ms) {
                    return AddDevice(rows, account, request, first_device, now_ms);
                  },
                  Enrollment{id}, std::move(done)));
}

void Devices::EnrollDevice(Caller caller, EcdsaPublicKey key, std::string name, Bytes challenge, Bytes proof,
                           std::optional<RawSignature> authorization, Done<Enrollment> done,
                           std::optional<FirstDevicePolicy> first_device) {
  if (absl::Status bad = CheckEnrollFields(caller, name); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority =
      parts_.authorizer.CheckEnrollment(caller, {key, name, challenge, proof}, authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  Enroll(caller, {key, std::move(name), *std::move(authority)}, first_device.value_or(parts_.first_device),
         std::move(done));
}

void Devices::EnrollDeviceAsOperator(Caller caller, EcdsaPublicKey key, std::string name,
                                     Done<Enrollment> done) {
  if (absl::Status bad = CheckEnrollFields(caller, name); !bad.ok()) return done(std::move(bad));
  if (!caller.is_operator) {
    return done(
        InOwnWords(absl::PermissionDeniedError("only the operator enrols a device without its proof")));
  }
  Enroll(caller, {key, std::move(name), ByOperator{}}, parts_.first_device, std::move(done));
}

void Devices::EnrollManyAsOperator(Caller caller, std::vector<Newcomer> newcomers,
                                   Done<std::vector<absl::StatusOr<Enrollment>>> done) {
  if (!caller.is_operator) {
    return done(
        InOwnWords(absl::PermissionDeniedError("only the operator enrols devices without their proofs")));
  }
  parts_.admission.Enqueue(
      caller, std::make_shared<EnrollManyTask>(caller.deadline, std::move(newcomers), std::move(done)));
}

void Devices::RevokeDevice(Caller caller, DeviceId device, std::optional<RawSignature> authorization,
                           Done<Ok> done) {
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority = parts_.authorizer.CheckOrOperator(
      caller, Operation::kRevokeDevice, RevokeDeviceBody(device), authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  const RecordName account{caller.tenant, caller.account, ""};
  recovery::RevokeDevice request{device, *std::move(authority)};
  parts_.admission.Enqueue(caller, std::make_shared<PlainTask<Ok>>(
                                       caller.deadline,
                                       [account, request = std::move(request)](WorkingSet& rows, int64_t) {
                                         return RemoveDevice(rows, account, request);
                                       },
                                       Ok{}, std::move(done)));
}

void Devices::ListDevices(Caller caller, Done<Account> done) {
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return done(std::move(bad));
  const RecordName name{caller.tenant, caller.account, ""};
  const auto read = [name, caller](WorkingSet& rows) -> absl::StatusOr<Account> {
    LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
    return ThatOrNew(caller, *account);
  };
  const auto while_away = [this, name, caller](const absl::Status& why) -> absl::StatusOr<Account> {
    if (parts_.ledger.stopped()) return why;
    LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(parts_.ledger, name.tenant, name.account));
    return ThatOrNew(caller, account);
  };
  parts_.admission.Enqueue(
      caller, std::make_shared<ReadTask<Account>>(caller.deadline, read, std::move(done), while_away));
}

}  // namespace labrec::recovery
