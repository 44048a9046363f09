#include "recovery/engine/registrations.h"

#include <chrono>
#include <memory>
#include <utility>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/api/limits.h"
#include "recovery/api/record_config.h"
#include "recovery/engine/begin_task.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/call/registration_keys.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/device/key_work.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/codec/sealed_private.h"
#include "recovery/record/rules/registration.h"

namespace labrec::recovery {

using std::chrono::steady_clock;

namespace {

absl::Status Finish(WorkingSet& rows, const RecordName& name, const FinishRegistration& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(RegistrationRows next, InOwnWords(ApplyFinish(*account, *record, name, request)));
  rows.Put(std::move(next.account));
  rows.Put(std::move(next.record));
  return absl::OkStatus();
}

absl::Status ActivateVersion(WorkingSet& rows, const RecordName& name, const Activate& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(Record next, InOwnWords(ApplyActivate(*account, *record, request)));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

absl::Status CheckElements(size_t count) {
  if (count >= 1 && count <= kMostRegistrationEvaluations) return absl::OkStatus();
  return InOwnWords(absl::InvalidArgumentError("elements: must be 1 or 2"));
}

absl::Status CheckVersion(uint32_t version) {
  return version == 0 ? InOwnWords(absl::InvalidArgumentError("version: from 1 up")) : absl::OkStatus();
}

std::optional<uint32_t> ChipIndexOf(const RealmShare& share) {
  if (!share.chip) return std::nullopt;
  return share.chip->index;
}

Bytes BodyOf(const RegistrationRequest& request) {
  const Bytes spki = request.unlock_key.Spki();
  return FinishRegistrationBody({request.record, request.version, request.registration_id, request.config,
                                 request.commitment, spki, request.sealed_secret});
}

}  // namespace

// A registration that may be finished, but for sealing its private fields.
struct Registrations::Finishing {
  RecordName name;
  recovery::FinishRegistration finish;
  Bytes sealed_secret;
  RecordVersion version;  // as it will stand in the row, but for what is sealed
};

void Registrations::BeginRegistration(Caller caller, std::string record, uint32_t version,
                                      std::vector<P256Point> elements, Done<RegistrationBegun> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  absl::Status bad = InOwnWords(CheckName(name));
  bad.Update(CheckVersion(version));
  bad.Update(CheckElements(elements.size()));
  if (!bad.ok()) return done(std::move(bad));
  const RegistrationKeys::Begun begun = parts_.keys_of_begun.Begin(name, version, steady_clock::now());
  parts_.admission.Enqueue(caller, std::make_shared<BeginTask>(
                                       caller.deadline, BeginTask::Version{std::move(name), version, begun},
                                       std::move(elements), parts_.realm_id, std::move(done)));
}

// All that can be said before the commit: fields, signature, and what the state machine thinks of the request
// as things stand. What it will do to the record is decided at the commit.
absl::StatusOr<Registrations::Finishing> Registrations::Check(const Caller& caller,
                                                              RegistrationRequest request) {
  const RecordName name{caller.tenant, caller.account, request.record};
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckName(name)));
  LABREC_RETURN_IF_ERROR(CheckVersion(request.version));
  LABREC_RETURN_IF_ERROR(CheckSizes(request));
  LABREC_ASSIGN_OR_RETURN(const RecordConfig config,
                          InOwnWords(ParseRecordConfig(request.config, name, request.version)));
  const RealmShare* share = config.Find(parts_.realm_id);
  if (share == nullptr) return InOwnWords(absl::InvalidArgumentError("config: this realm is not listed"));
  LABREC_ASSIGN_OR_RETURN(Authority authority,
                          parts_.authorizer.Check(caller, Operation::kFinishRegistration, BodyOf(request),
                                                  request.authorization));
  LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(parts_.ledger, caller.tenant, caller.account));
  LABREC_ASSIGN_OR_RETURN(const auto record, ReadRecord(parts_.ledger, name));
  recovery::FinishRegistration finish{
      request.version,    {}, std::move(request.config), std::move(request.commitment),
      request.unlock_key, {}, config.guess_limit,        std::move(authority),
      ChipIndexOf(*share)};
  if (finish.chip_index) {
    finish.begun = request.registration_id;
  } else {
    finish.begun =
        parts_.keys_of_begun.Find(name, request.version, request.registration_id, steady_clock::now());
  }
  LABREC_ASSIGN_OR_RETURN(const RegistrationRows finished,
                          InOwnWords(ApplyFinish(account, record, name, finish)));
  const RecordVersion& version = *finished.record.Find(request.version);
  return Finishing{name, std::move(finish), std::move(request.sealed_secret), version};
}

void Registrations::FinishRegistration(Caller caller, RegistrationRequest request, Done<Ok> done) {
  absl::StatusOr<Finishing> checked = Check(caller, std::move(request));
  if (!checked.ok()) return done(std::move(checked).status());
  absl::StatusOr<RequestQueue::Place> place = parts_.admission.Admit(caller);
  if (!place.ok()) return done(std::move(place).status());
  // The functions below are copied on their way, so what cannot be copied is shared.
  auto registration = std::make_shared<Finishing>(*std::move(checked));
  auto kept_place = std::make_shared<RequestQueue::Place>(*std::move(place));
  Bytes input = pin::RecordDerivationInput(parts_.realm_id, registration->name.tenant,
                                           registration->name.account, registration->name.record,
                                           registration->version.number, registration->version.nonce);
  parts_.keys.Derive(std::move(input), [this, registration, kept_place, done = std::move(done),
                                        deadline = caller.deadline](absl::StatusOr<SecretBytes> d) {
    if (!d.ok()) return done(std::move(d).status());
    recovery::FinishRegistration& finish = registration->finish;
    finish.sealed_private = SealPrivate(*d, parts_.realm_id, registration->name, registration->version,
                                        registration->sealed_secret);
    d->Clear();
    parts_.admission.Enqueue(std::move(*kept_place), std::make_shared<PlainTask<Ok>>(
                                                         deadline,
                                                         [registration](WorkingSet& rows, int64_t) {
                                                           return Finish(rows, registration->name,
                                                                         registration->finish);
                                                         },
                                                         Ok{}, done));
  });
}

void Registrations::Activate(Caller caller, std::string record, uint32_t version, RawSignature authorization,
                             Done<Ok> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = InOwnWords(CheckName(name)); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority = parts_.authorizer.Check(
      caller, Operation::kActivate, ActivateBody(name.record, version), authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  recovery::Activate request{version, *std::move(authority)};
  parts_.admission.Enqueue(
      caller, std::make_shared<PlainTask<Ok>>(
                  caller.deadline,
                  [name = std::move(name), request = std::move(request)](WorkingSet& rows, int64_t) {
                    return ActivateVersion(rows, name, request);
                  },
                  Ok{}, std::move(done)));
}

}  // namespace labrec::recovery
