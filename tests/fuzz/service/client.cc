#include "tests/fuzz/service/client.h"

#include <cstdlib>
#include <iostream>

#include "hsm/base/encoding.h"
#include "hsm/base/p256.h"
#include "recovery/api/limits.h"

namespace labrec::fuzz {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using recovery::Operation;

constexpr char kRecord[] = "r";

// Every code that a healthy realm answers with. INTERNAL among them would be an error that nobody thought of.
bool MayBeAnswered(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return true;
    default:
      return false;
  }
}

std::string Element(uint8_t number) {
  return ToString(P256Point::Generator().Times(*P256Scalar::Reduce(Bytes{1, number})).Compressed());
}

}  // namespace

ServiceClient::ServiceClient(ServiceRealm& realm, const std::string& account)
    : realm_(realm), account_(account), bearer_(realm.Bearer(account)) {}

template <typename Request, typename Response>
bool ServiceClient::Send(Method<Request, Response> method, const Request& request, Response& response) {
  grpc::ClientContext context;
  if ((flags_ & kNoToken) == 0) {
    context.AddMetadata("authorization", (flags_ & kBadToken) == 0 ? bearer_ : bearer_ + "x");
  }
  const grpc::Status status = (realm_.stub().*method)(&context, request, &response);
  if (!MayBeAnswered(status.error_code())) {
    std::cerr << "answered " << status.error_code() << ": " << status.error_message() << "\n"
              << request.ShortDebugString() << "\n";
    std::abort();
  }
  return status.ok();
}

template <typename Request>
bool ServiceClient::Lay(Request& request) const {
  return request.MergeFromString(fields_);
}

std::string ServiceClient::Challenge() {
  if ((flags_ & kOldChallenge) != 0 && !challenge_.empty()) return challenge_;
  v1::GetChallengeResponse response;
  if (Send(&v1::Recovery::Stub::GetChallenge, v1::GetChallengeRequest(), response))
    challenge_ = response.challenge();
  return challenge_;
}

const EcdsaPrivateKey& ServiceClient::device() const {
  return (flags_ & kOtherDevice) == 0 ? device_ : other_;
}

void ServiceClient::Sign(Operation operation, const Bytes& body, v1::Signature& out) {
  if ((flags_ & kSigned) == 0) return;
  out.set_challenge(Challenge());
  const EcdsaPrivateKey& key = (flags_ & kByUnlockKey) != 0 ? unlock_ : device();
  if ((flags_ & kByUnlockKey) != 0) {
    out.mutable_unlock_key()->set_record(kRecord);
    out.mutable_unlock_key()->set_version(usable_);
  } else {
    out.set_device_id(ToString(key.public_key().DeviceId()));
  }
  out.set_signature(ToString(key.Sign(RequestBytes(scope(), operation, AsBytes(out.challenge()), body))));
}

void ServiceClient::Enroll() {
  v1::EnrollDeviceRequest request;
  request.set_public_key(ToString(device().public_key().Spki()));
  request.set_name("phone");
  if (!Lay(request)) return;
  const Bytes body = recovery::EnrollDeviceBody(AsBytes(request.public_key()), request.name());
  if ((flags_ & kSigned) != 0) {
    request.set_challenge(Challenge());
    request.set_proof(ToString(
        device().Sign(RequestBytes(scope(), Operation::kEnrollDevice, AsBytes(request.challenge()), body))));
    if ((flags_ & kOtherDevice) != 0) {  // authorised by the first one
      v1::Signature& by = *request.mutable_authorization();
      by.set_challenge(request.challenge());
      by.set_device_id(ToString(device_.public_key().DeviceId()));
      by.set_signature(ToString(
          device_.Sign(RequestBytes(scope(), Operation::kEnrollDevice, AsBytes(by.challenge()), body))));
    }
  }
  v1::EnrollDeviceResponse response;
  (void)Send(&v1::Recovery::Stub::EnrollDevice, request, response);
}

void ServiceClient::Revoke() {
  v1::RevokeDeviceRequest request;
  request.set_device_id(ToString(other_.public_key().DeviceId()));
  if (!Lay(request)) return;
  Sign(Operation::kRevokeDevice, recovery::RevokeDeviceBody(AsBytes(request.device_id())),
       *request.mutable_authorization());
  v1::RevokeDeviceResponse response;
  (void)Send(&v1::Recovery::Stub::RevokeDevice, request, response);
}

void ServiceClient::Begin() {
  v1::BeginRegistrationRequest request;
  request.set_record(kRecord);
  request.set_version(begun_ + 1);
  if (fields_.find('\x1a') == fields_.npos) request.add_elements(Element(200));  // none of the input's own
  if (!Lay(request)) return;
  v1::BeginRegistrationResponse response;
  if (!Send(&v1::Recovery::Stub::BeginRegistration, request, response)) return;
  registration_ = response.registration_id();
  begun_ = request.version();
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
  config.set_guess_limit(3);
  config.set_enforcement(v1::ENFORCEMENT_LEDGER);
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
  if (Send(&v1::Recovery::Stub::FinishRegistration, request, response)) usable_ = request.version();
}

void ServiceClient::Activate() {
  v1::ActivateRequest request;
  request.set_record(kRecord);
  request.set_version(usable_);
  if (!Lay(request)) return;
  Sign(Operation::kActivate, recovery::ActivateBody(request.record(), request.version()),
       *request.mutable_authorization());
  v1::ActivateResponse response;
  if (Send(&v1::Recovery::Stub::Activate, request, response)) evaluated_.clear();
}

// However the input arranges it, no more elements than the largest limit are evaluated between two successes.
void ServiceClient::Evaluate() {
  v1::EvaluateRequest request;
  request.set_record(kRecord);
  request.set_version(usable_);
  if (fields_.find('\x1a') == fields_.npos) request.add_elements(Element(next_element_++));
  if (!Lay(request)) return;
  v1::EvaluateResponse response;
  if (!Send(&v1::Recovery::Stub::Evaluate, request, response) || !response.has_evaluated()) return;
  unlock_challenge_ = response.evaluated().challenge();
  std::set<std::string>& elements = evaluated_[request.record() + "/" + std::to_string(request.version())];
  elements.insert(request.elements(0));
  if (elements.size() > recovery::kMostGuesses) std::abort();
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
  if (Send(&v1::Recovery::Stub::Unlock, request, response) && response.has_unlocked()) evaluated_.clear();
}

void ServiceClient::Delete() {
  v1::DeleteRecordRequest request;
  request.set_record(kRecord);
  if (!Lay(request)) return;
  Sign(Operation::kDeleteRecord, recovery::RecordBody(request.record()), *request.mutable_authorization());
  v1::DeleteRecordResponse response;
  if (Send(&v1::Recovery::Stub::DeleteRecord, request, response)) evaluated_.clear();
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

void ServiceClient::Chip(uint8_t method) {
  if (method == 8) {
    v1::BeginChipWriteRequest request;
    request.set_record(kRecord);
    request.set_version(usable_);
    v1::BeginChipWriteResponse response;
    if (Lay(request)) (void)Send(&v1::Recovery::Stub::BeginChipWrite, request, response);
  } else if (method == 9) {
    v1::FinishChipWriteRequest request;
    request.set_record(kRecord);
    request.set_version(usable_);
    request.set_signature(std::string(64, 's'));
    request.set_nonce(std::string(32, 'n'));
    v1::FinishChipWriteResponse response;
    if (Lay(request)) (void)Send(&v1::Recovery::Stub::FinishChipWrite, request, response);
  } else {
    v1::ConfirmKeyRequest request;
    request.set_record(kRecord);
    request.set_version(begun_);
    request.set_registration_id(registration_);
    v1::ConfirmKeyResponse response;
    if (Lay(request)) (void)Send(&v1::Recovery::Stub::ConfirmKey, request, response);
  }
}

void ServiceClient::Attestation(uint8_t method) {
  if (method == 18) {
    v1::GetIdentityResponse response;
    (void)Send(&v1::Recovery::Stub::GetIdentity, v1::GetIdentityRequest(), response);
  } else if (method == 19) {
    v1::ActivateCredentialRequest request;
    v1::ActivateCredentialResponse response;
    if (Lay(request)) (void)Send(&v1::Recovery::Stub::ActivateCredential, request, response);
  } else {
    v1::AttestRequest request;
    request.set_nonce(std::string(32, 'n'));
    request.set_tls_key_hash(std::string(32, 't'));
    v1::AttestResponse response;
    if (Lay(request)) (void)Send(&v1::Recovery::Stub::Attest, request, response);
  }
}

void ServiceClient::Look(uint8_t method) {
  if (method == 0) {
    v1::GetRealmResponse response;
    (void)Send(&v1::Recovery::Stub::GetRealm, v1::GetRealmRequest(), response);
  } else if (method == 1) {
    (void)Challenge();
  } else if (method == 4) {
    v1::ListDevicesResponse response;
    (void)Send(&v1::Recovery::Stub::ListDevices, v1::ListDevicesRequest(), response);
  } else if (method == 11) {
    v1::GetRecordRequest request;
    request.set_record(kRecord);
    v1::GetRecordResponse response;
    if (Lay(request)) (void)Send(&v1::Recovery::Stub::GetRecord, request, response);
  } else {
    v1::BeginUnlockRequest request;
    request.set_record(kRecord);
    request.set_version(usable_);
    v1::BeginUnlockResponse response;
    if (Lay(request) && Send(&v1::Recovery::Stub::BeginUnlock, request, response)) {
      unlock_challenge_ = response.challenge();
    }
  }
}

void ServiceClient::Call(uint8_t method, uint8_t flags, const std::string& fields) {
  flags_ = flags;
  fields_ = fields;
  switch (method) {
    case 2:
      return Enroll();
    case 3:
      return Revoke();
    case 5:
      return Begin();
    case 6:
      return Finish();
    case 7:
      return Activate();
    case 8:
    case 9:
    case 10:
      return Chip(method);
    case 12:
      return Evaluate();
    case 14:
      return Unlock();
    case 15:
      return Delete();
    case 16:
    case 17:
      return Floors(method == 16);
    case 18:
    case 19:
    case 20:
      return Attestation(method);
    default:
      return Look(method);
  }
}

}  // namespace labrec::fuzz
