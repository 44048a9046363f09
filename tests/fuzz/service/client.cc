#include "tests/fuzz/service/client.h"

#include <cstdlib>
#include <iostream>

#include "hsm/base/encoding.h"
#include "hsm/base/p256.h"

namespace labrec::fuzz {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using recovery::Operation;

// In the order of recovery.proto: an input's first byte.
enum Method : uint8_t {
  kGetRealm,
  kGetChallenge,
  kEnrollDevice,
  kRevokeDevice,
  kListDevices,
  kBeginRegistration,
  kFinishRegistration,
  kActivate,
  kBeginChipWrite,
  kFinishChipWrite,
  kConfirmKey,
  kGetRecord,
  kEvaluate,
  kBeginUnlock,
  kUnlock,
  kDeleteRecord,
  kRaiseFloor,
  kGetFloor,
  kGetIdentity,
  kActivateCredential,
  kAttest,
  kMethods,
};

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

}  // namespace

ServiceClient::ServiceClient(ServiceRealm& realm, const std::string& account)
    : realm_(realm), account_(account), bearer_(realm.Bearer(account)) {}

void ServiceClient::RequireHealthy(const grpc::Status& status, const std::string& request) {
  if (MayBeAnswered(status.error_code())) return;
  std::cerr << "answered " << status.error_code() << ": " << status.error_message() << "\n"
            << request << "\n";
  std::abort();
}

std::string ServiceClient::Element(uint8_t number) {
  return ToString(P256Point::Generator().Times(*P256Scalar::Reduce(Bytes{1, number})).Compressed());
}

std::string ServiceClient::VersionOf(const std::string& record, uint32_t version) {
  return record + "/" + std::to_string(version);
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

void ServiceClient::Attestation(uint8_t method) {
  if (method == kGetIdentity) {
    v1::GetIdentityResponse response;
    (void)Send(&v1::Recovery::Stub::GetIdentity, v1::GetIdentityRequest(), response);
  } else if (method == kActivateCredential) {
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
  if (method == kGetRealm) {
    v1::GetRealmResponse response;
    (void)Send(&v1::Recovery::Stub::GetRealm, v1::GetRealmRequest(), response);
  } else if (method == kGetChallenge) {
    (void)Challenge();
  } else if (method == kListDevices) {
    v1::ListDevicesResponse response;
    (void)Send(&v1::Recovery::Stub::ListDevices, v1::ListDevicesRequest(), response);
  } else if (method == kGetRecord) {
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
  method %= kMethods;
  switch (method) {
    case kEnrollDevice:
      return Enroll();
    case kRevokeDevice:
      return Revoke();
    case kBeginRegistration:
      return Begin();
    case kFinishRegistration:
      return Finish();
    case kActivate:
      return Activate();
    case kBeginChipWrite:
      return BeginWrite();
    case kFinishChipWrite:
      return FinishWrite();
    case kConfirmKey:
      return ConfirmKey();
    case kEvaluate:
      return Evaluate();
    case kUnlock:
      return Unlock();
    case kDeleteRecord:
      return Delete();
    case kRaiseFloor:
    case kGetFloor:
      return Floors(method == kRaiseFloor);
    case kGetIdentity:
    case kActivateCredential:
    case kAttest:
      return Attestation(method);
    default:
      return Look(method);
  }
}

}  // namespace labrec::fuzz
