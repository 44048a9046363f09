#include "recovery/engine/records.h"

#include <algorithm>
#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/authority.h"
#include "recovery/record/deletion.h"
#include "recovery/record/floor.h"

namespace labrec::recovery {
namespace {

absl::Status Delete(WorkingSet& rows, const RecordName& name, const DeleteRecord& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(Account next, InOwnWords(ApplyDelete(*account, *record, request)));
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

// No key material, and nothing of versions that are only begun.
Record Shown(Record record) {
  std::erase_if(record.versions, [](const RecordVersion& version) { return !version.usable(); });
  for (RecordVersion& version : record.versions) {
    version.nonce.fill(0);
    version.sealed_private.clear();
    version.ForgetCounted();
    if (version.chip) version.chip->key.clear();
  }
  return record;
}

}  // namespace

absl::StatusOr<RecordView> Records::View(const RecordName& name) {
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckName(name)));
  LABREC_ASSIGN_OR_RETURN(const std::optional<Record> row, ReadRecord(parts_.ledger, name));
  RecordView view;
  view.discontinuities = parts_.ledger.discontinuities();
  view.record.name = name;
  if (!row) return view;
  view.record = Shown(*row);
  view.registered = row->destroyed || row->HasUsableVersion();
  const pin::GuessVerdict verdict = pin::Judge(row->guess_limit(), row->spent, row->last_counted_ms,
                                               parts_.clock.NowMillis(), parts_.policy);
  if (const auto* locked = std::get_if<pin::LockedUntil>(&verdict)) view.locked_until_ms = locked->until_ms;
  return view;
}

void Records::GetRecord(Caller caller, std::string record, Done<RecordView> done) {
  done(View({caller.tenant, caller.account, std::move(record)}));
}

void Records::DeleteRecord(Caller caller, std::string record, std::optional<RawSignature> authorization,
                           Done<Ok> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority = parts_.authorizer.CheckOrOperator(
      caller, Operation::kDeleteRecord, RecordBody(name.record), authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  recovery::DeleteRecord request{*std::move(authority)};
  parts_.admission.Enqueue(caller, std::make_shared<PlainTask<Ok>>(
                                       caller.deadline,
                                       [name = std::move(name), request = std::move(request)](
                                           WorkingSet& rows, int64_t) { return Delete(rows, name, request); },
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
  absl::StatusOr<std::optional<Record>> row = ReadRecord(parts_.ledger, name);
  if (!row.ok()) return done(std::move(row).status());
  if (!*row) return done(InOwnWords(absl::NotFoundError("there is no such record")));
  done((*row)->floor);
}

}  // namespace labrec::recovery
