#include "recovery/engine/records.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/call/registration_keys.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/record_view.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/engine/rows/waiting_refills.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/record/rules/authority.h"
#include "recovery/record/rules/deletion.h"
#include "recovery/record/rules/floor.h"

namespace labrec::recovery {
namespace {

absl::Status Delete(WorkingSet& rows, const RecordName& name, const DeleteRecord& request,
                    RegistrationKeys& keys_of_begun) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(Account next, InOwnWords(ApplyDelete(*account, *record, request)));
  keys_of_begun.RecordDeleted(name, std::chrono::steady_clock::now());
  rows.Put(std::move(next));
  rows.Remove(name);
  return absl::OkStatus();
}

absl::Status Raise(WorkingSet& rows, const RecordName& name, const RaiseFloor& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(Record next, InOwnWords(ApplyRaiseFloor(*account, *record, request)));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

// Only an enrolled device raises a floor or reads it without having recovered.
absl::StatusOr<ByDevice> DeviceOnly(absl::StatusOr<Authority> authority) {
  LABREC_RETURN_IF_ERROR(authority.status());
  if (const auto* device = std::get_if<ByDevice>(&*authority)) return *device;
  return InOwnWords(absl::PermissionDeniedError("the epoch floor needs a signature of an enrolled device"));
}

// `signature` has been verified, so its parts have their sizes.
EpochFloor FloorOf(uint64_t sequence, const Digest& digest, const ByDevice& device,
                   const RawSignature& signature) {
  EpochFloor floor{sequence, digest, device.signature.key(), {}, {}};
  std::copy_n(signature.challenge.begin(), floor.challenge.size(), floor.challenge.begin());
  std::copy_n(signature.signature.begin(), floor.signature.size(), floor.signature.begin());
  return floor;
}

}  // namespace

// While the device is away nobody can look whether another run has changed the record; what this process
// holds is shown then. Once it has stopped it shows nothing.
void Records::GetRecord(Caller caller, std::string record, Done<RecordView> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  const auto read = [this, name](WorkingSet& rows) -> absl::StatusOr<RecordView> {
    LABREC_ASSIGN_OR_RETURN(const auto* row, rows.record(name));
    return ViewOf(name, *row, {parts_.ledger, parts_.clock, parts_.policy});
  };
  const auto while_away = [this, name](const absl::Status& why) -> absl::StatusOr<RecordView> {
    if (parts_.ledger.stopped()) return why;
    LABREC_ASSIGN_OR_RETURN(const std::optional<Record> row, ReadRecord(parts_.ledger, name));
    const std::optional<Record> refilled = parts_.refills.Find(RecordRowKey(name));
    return ViewOf(name, refilled ? refilled : row, {parts_.ledger, parts_.clock, parts_.policy});
  };
  parts_.admission.Enqueue(
      caller, std::make_shared<ReadTask<RecordView>>(caller.deadline, read, std::move(done), while_away));
}

void Records::DeleteRecord(Caller caller, std::string record, std::optional<RawSignature> authorization,
                           Done<Ok> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority = parts_.authorizer.CheckOrOperator(
      caller, Operation::kDeleteRecord, RecordBody(name.record), authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  recovery::DeleteRecord request{*std::move(authority)};
  parts_.admission.Enqueue(
      caller, std::make_shared<PlainTask<Ok>>(
                  caller.deadline,
                  [name = std::move(name), request = std::move(request), keys = &parts_.keys_of_begun](
                      WorkingSet& rows, int64_t) { return Delete(rows, name, request, *keys); },
                  Ok{}, std::move(done)));
}

void Records::RaiseFloor(Caller caller, std::string record, uint64_t sequence, Digest digest,
                         RawSignature authorization, Done<Ok> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<ByDevice> device = DeviceOnly(parts_.authorizer.Check(
      caller, Operation::kRaiseFloor, RaiseFloorBody(name.record, sequence, digest), authorization));
  if (!device.ok()) return done(std::move(device).status());
  recovery::RaiseFloor request{FloorOf(sequence, digest, *device, authorization), device->device,
                               device->signature};
  parts_.admission.Enqueue(caller, std::make_shared<PlainTask<Ok>>(
                                       caller.deadline,
                                       [name = std::move(name), request](WorkingSet& rows, int64_t) {
                                         return Raise(rows, name, request);
                                       },
                                       Ok{}, std::move(done)));
}

void Records::GetFloor(Caller caller, std::string record, RawSignature authorization,
                       Done<std::optional<EpochFloor>> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  const absl::StatusOr<ByDevice> device = DeviceOnly(
      parts_.authorizer.Check(caller, Operation::kGetFloor, RecordBody(name.record), authorization));
  if (!device.ok()) return done(device.status());
  const auto read = [name](WorkingSet& rows) -> absl::StatusOr<std::optional<EpochFloor>> {
    LABREC_ASSIGN_OR_RETURN(const auto* row, rows.record(name));
    if (!*row) return InOwnWords(absl::NotFoundError("there is no such record"));
    return (*row)->floor;
  };
  parts_.admission.Enqueue(
      caller, std::make_shared<ReadTask<std::optional<EpochFloor>>>(caller.deadline, read, std::move(done)));
}

}  // namespace labrec::recovery
