#include <cstdlib>

#include "attestation/evidence/evidence.h"
#include "tests/fuzz/service/client.h"

// Requests about records: registering, guessing, floors.
namespace labrec::fuzz {

namespace v1 = ::labyrinth::recovery::v1;
using recovery::Operation;

void ServiceClient::Begin() {
  v1::BeginRegistrationRequest request;
  request.set_record(kRecord);
  request.set_version(begun_ + 1);
  const bool in_chip = (flags_ & kInChip) != 0;
  if (!in_chip && fields_.find('\x1a') == std::string::npos)
    request.add_elements(Element(200));  // not the input's
  if (!Lay(request)) return;
  if (in_chip) BeginInChip(request);
  v1::BeginRegistrationResponse response;
  if (!Send(&v1::Recovery::Stub::BeginRegistration, request, response)) return;
  registration_ = response.registration_id();
  begun_ = request.version();
  const auto evidence = attestation::DecodeRecordKeyEvidence(AsBytes(response.chip().evidence()));
  if (!evidence.ok() || evidence->index_public.size() < 4) return;
  index_ = 0;  // TPMS_NV_PUBLIC begins with it
  for (size_t i = 0; i < 4; ++i) index_ = index_ << 8U | evidence->index_public[i];
  written_ = false;
}

void ServiceClient::Finish() {
  v1::RecordConfig config;
  config.set_version(begun_);
  config.set_tenant("chat");
  config.set_account(account_);
  config.set_record(kRecord);
  config.set_threshold(1);
  v1::RealmShare& share = *config.add_realms();
  share.set_realm_id(ToString(realm_.id()));
  share.set_x(1);
  share.set_masked_share(std::string(32, 'x'));
  config.set_salt(std::string(16, 's'));
  config.set_argon_memory_kib(65536);
  config.set_argon_passes(3);
  config.set_argon_lanes(1);
  config.set_guess_limit(kLimit);
  config.set_enforcement((flags_ & kInChip) != 0 ? v1::ENFORCEMENT_CHIP : v1::ENFORCEMENT_LEDGER);
  if ((flags_ & kInChip) != 0) {
    share.mutable_chip()->set_index(index_);
    share.mutable_chip()->set_ak_name(std::string(34, 'n'));
  }
  v1::FinishRegistrationRequest request;
  request.set_record(kRecord);
  request.set_version(begun_);
  request.set_registration_id(registration_);
  request.set_config(config.SerializeAsString());
  request.set_commitment(std::string(32, 'c'));
  request.set_unlock_public_key(ToString(unlock_.public_key().Spki()));
  request.set_sealed_secret("sealed");
  if (!Lay(request)) return;
  const Bytes body = recovery::FinishRegistrationBody(
      {request.record(), request.version(), AsBytes(request.registration_id()), AsBytes(request.config()),
       AsBytes(request.commitment()), AsBytes(request.unlock_public_key()),
       AsBytes(request.sealed_secret())});
  Sign(Operation::kFinishRegistration, body, *request.mutable_authorization());
  v1::FinishRegistrationResponse response;
  if (!Send(&v1::Recovery::Stub::FinishRegistration, request, response)) return;
  usable_ = request.version();
  NoteRegistered(request);
}

// Sent once more it is the same version; anything else is another one, with guesses of its own.
void ServiceClient::NoteRegistered(const v1::FinishRegistrationRequest& request) {
  v1::RecordConfig config;
  if (!config.ParseFromString(request.config())) std::abort();
  Counted& counted = counted_[VersionOf(request.record(), request.version())];
  if (counted.config == request.config() + request.registration_id()) return;
  counted = {request.config() + request.registration_id(), config.guess_limit(), {}};
}

void ServiceClient::Activate() {
  v1::ActivateRequest request;
  request.set_record(kRecord);
  request.set_version(usable_);
  if (!Lay(request)) return;
  Sign(Operation::kActivate, recovery::ActivateBody(request.record(), request.version()),
       *request.mutable_authorization());
  v1::ActivateResponse response;
  (void)Send(&v1::Recovery::Stub::Activate, request, response);
}

// However the input arranges it, no more elements than a version's limit are evaluated between two successes.
void ServiceClient::Evaluate() {
  v1::EvaluateRequest request;
  request.set_record(kRecord);
  request.set_version(usable_);
  if (fields_.find('\x1a') == std::string::npos) request.add_elements(Element(next_element_++));
  if (!Lay(request)) return;
  v1::EvaluateResponse response;
  if (!Send(&v1::Recovery::Stub::Evaluate, request, response) || !response.has_evaluated()) return;
  unlock_challenge_ = response.evaluated().challenge();
  const auto counted = counted_.find(VersionOf(request.record(), request.version()));
  if (counted == counted_.end()) std::abort();  // a version that nobody registered
  counted->second.elements.insert(request.elements(0));
  if (counted->second.elements.size() > counted->second.limit) std::abort();
}

void ServiceClient::Unlock() {
  v1::UnlockRequest request;
  request.set_record(kRecord);
  request.set_version(usable_);
  request.set_challenge(unlock_challenge_);
  if (!Lay(request)) return;
  if ((flags_ & kSigned) != 0) {
    request.set_signature(ToString(unlock_.Sign(
        recovery::UnlockBytes(scope(), request.record(), request.version(), AsBytes(request.challenge())))));
  }
  v1::UnlockResponse response;
  if (!Send(&v1::Recovery::Stub::Unlock, request, response) || !response.has_unlocked()) return;
  counted_[VersionOf(request.record(), request.version())].elements.clear();
}

void ServiceClient::Delete() {
  v1::DeleteRecordRequest request;
  request.set_record(kRecord);
  if (!Lay(request)) return;
  Sign(Operation::kDeleteRecord, recovery::RecordBody(request.record()), *request.mutable_authorization());
  v1::DeleteRecordResponse response;
  (void)Send(&v1::Recovery::Stub::DeleteRecord, request, response);
}

void ServiceClient::Floors(bool raise) {
  if (!raise) {
    v1::GetFloorRequest request;
    request.set_record(kRecord);
    if (!Lay(request)) return;
    Sign(Operation::kGetFloor, recovery::RecordBody(request.record()), *request.mutable_authorization());
    v1::GetFloorResponse response;
    (void)Send(&v1::Recovery::Stub::GetFloor, request, response);
    return;
  }
  v1::RaiseFloorRequest request;
  request.set_record(kRecord);
  request.set_sequence(next_element_);
  request.set_digest(std::string(32, 'd'));
  if (!Lay(request)) return;
  Sign(Operation::kRaiseFloor,
       recovery::RaiseFloorBody(request.record(), request.sequence(), AsBytes(request.digest())),
       *request.mutable_authorization());
  v1::RaiseFloorResponse response;
  (void)Send(&v1::Recovery::Stub::RaiseFloor, request, response);
}

}  // namespace labrec::fuzz
