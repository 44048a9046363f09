#include "recovery/record/registration.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "recovery/api/record_config.h"
#include "recovery/engine/begin_task.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/engine_impl.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/record/sealed_private.h"

// Begin, finish and activate a version of a record.
namespace labrec::recovery {
namespace {

absl::Status Finish(WorkingSet& rows, const RecordName& name, const FinishRegistration& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(Record next, ApplyFinish(*account, *record, request));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

absl::Status ActivateVersion(WorkingSet& rows, const RecordName& name, const Activate& request) {
  LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
  LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name));
  LABREC_ASSIGN_OR_RETURN(Record next, ApplyActivate(*account, *record, request));
  rows.Put(std::move(next));
  return absl::OkStatus();
}

absl::Status CheckVersion(uint32_t version) {
  return version == 0 ? absl::InvalidArgumentError("version: from 1 up") : absl::OkStatus();
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

void EngineImpl::BeginRegistration(Caller caller, std::string record, uint32_t version,
                                   std::vector<P256Point> elements, Done<RegistrationBegun> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  absl::Status bad = CheckName(name);
  bad.Update(CheckVersion(version));
  if (!bad.ok()) return done(std::move(bad));
  Enqueue(caller, std::make_shared<BeginTask>(caller.deadline, std::move(name), version, std::move(elements),
                                              options_.realm_id, std::move(done)));
}

// All that can be said before the commit: fields, signature, and what the state machine thinks of the request
// as things stand. What it will do to the record is decided at the commit.
absl::StatusOr<EngineImpl::Registration> EngineImpl::JudgeRegistration(const Caller& caller,
                                                                       RegistrationRequest request) {
  const RecordName name{caller.tenant, caller.account, request.record};
  LABREC_RETURN_IF_ERROR(CheckName(name));
  LABREC_RETURN_IF_ERROR(CheckVersion(request.version));
  LABREC_RETURN_IF_ERROR(CheckSizes(request));
  LABREC_ASSIGN_OR_RETURN(const RecordConfig config,
                          ParseRecordConfig(request.config, name, request.version));
  const RealmShare* share = config.Find(options_.realm_id);
  if (share == nullptr) return absl::InvalidArgumentError("config: this realm is not listed");
  LABREC_ASSIGN_OR_RETURN(Authority authority, authorizer_->Check(caller, Operation::kFinishRegistration,
                                                                  BodyOf(request), request.authorization));
  LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(*ledger_, caller.tenant, caller.account));
  LABREC_ASSIGN_OR_RETURN(const auto record, ReadRecord(*ledger_, name));
  recovery::FinishRegistration finish{request.version,           request.registration_id,
                                      std::move(request.config), std::move(request.commitment),
                                      request.unlock_key,        {},
                                      config.guess_limit,        std::move(authority),
                                      ChipIndexOf(*share)};
  LABREC_ASSIGN_OR_RETURN(const Record finished, ApplyFinish(account, record, finish));
  Bytes input = DerivationInput(name, *finished.Find(request.version));
  return Registration{name, std::move(finish), std::move(request.sealed_secret), std::move(input)};
}

void EngineImpl::FinishRegistration(Caller caller, RegistrationRequest request, Done<Ok> done) {
  absl::StatusOr<Registration> judged = JudgeRegistration(caller, std::move(request));
  if (!judged.ok()) return done(std::move(judged).status());
  absl::StatusOr<RequestQueue::Place> place = Admit(caller);
  if (!place.ok()) return done(std::move(place).status());
  // The functions below are copied on their way, so what cannot be copied is shared.
  auto registration = std::make_shared<Registration>(*std::move(judged));
  auto kept_place = std::make_shared<RequestQueue::Place>(*std::move(place));
  keys_->Derive(registration->derivation_input, [this, registration, kept_place, done = std::move(done),
                                                 deadline = caller.deadline](absl::StatusOr<SecretBytes> d) {
    if (!d.ok()) return done(std::move(d).status());
    recovery::FinishRegistration& finish = registration->finish;
    finish.sealed_private =
        SealPrivate(*d, options_.realm_id, registration->name, finish.version, registration->sealed_secret);
    d->Clear();
    queue_.Push(std::move(*kept_place), std::make_shared<PlainTask<Ok>>(
                                            deadline,
                                            [registration](WorkingSet& rows, int64_t) {
                                              return Finish(rows, registration->name, registration->finish);
                                            },
                                            Ok{}, done));
  });
}

void EngineImpl::Activate(Caller caller, std::string record, uint32_t version, RawSignature authorization,
                          Done<Ok> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<Authority> authority =
      authorizer_->Check(caller, Operation::kActivate, ActivateBody(name.record, version), authorization);
  if (!authority.ok()) return done(std::move(authority).status());
  recovery::Activate request{version, *std::move(authority)};
  Enqueue(caller, std::make_shared<PlainTask<Ok>>(
                      caller.deadline,
                      [name = std::move(name), request = std::move(request)](WorkingSet& rows, int64_t) {
                        return ActivateVersion(rows, name, request);
                      },
                      Ok{}, std::move(done)));
}

}  // namespace labrec::recovery
