#include "tests/integration/server/api_client.h"

#include <utility>

#include "hsm/base/p256.h"
#include "tests/support/realm/one_realm_config.h"
#include "tests/support/realm/realm_stub.h"

namespace labrec::test {

using recovery::Operation;

ApiClient::ApiClient(const RealmFixture& realm, std::string account_name)
    : stub(NewStub(realm)),
      web_address(realm.web_address()),
      way(web_address.empty() ? Way::kGrpc : Way::kConnect),
      realm_id(ToString(*FromHex(realm.realm_id()))),
      account(std::move(account_name)),
      authorization("Bearer " + realm.Token(account)) {}

std::string ApiClient::Challenge() {
  v1::GetChallengeResponse response;
  Call(&v1::Recovery::Stub::GetChallenge, v1::GetChallengeRequest(), &response);
  return response.challenge();
}

v1::Signature ApiClient::SignOver(const std::string& challenge, const EcdsaPrivateKey& key,
                                  Operation operation, const Bytes& body) const {
  v1::Signature signature;
  signature.set_challenge(challenge);
  signature.set_device_id(ToString(key.public_key().DeviceId()));
  signature.set_signature(
      ToString(key.Sign(recovery::RequestBytes(Scope(), operation, AsBytes(signature.challenge()), body))));
  return signature;
}

v1::EnrollDeviceRequest ApiClient::EnrollRequest() {
  v1::EnrollDeviceRequest request;
  request.set_public_key(ToString(device.public_key().Spki()));
  request.set_name("phone");
  request.set_challenge(Challenge());
  const Bytes body = recovery::EnrollDeviceBody(device.public_key().Spki(), request.name());
  request.set_proof(ToString(device.Sign(
      recovery::RequestBytes(Scope(), Operation::kEnrollDevice, AsBytes(request.challenge()), body))));
  return request;
}

grpc::Status ApiClient::Enroll() {
  v1::EnrollDeviceResponse response;
  return Call(&v1::Recovery::Stub::EnrollDevice, EnrollRequest(), &response);
}

v1::BeginRegistrationRequest ApiClient::BeginRequest(uint32_t version) const {
  v1::BeginRegistrationRequest request;
  request.set_record(kRecord);
  request.set_version(version);
  request.add_elements(Element(1));
  return request;
}

grpc::Status ApiClient::Begin(v1::BeginRegistrationResponse* begun, uint32_t version) {
  return Call(&v1::Recovery::Stub::BeginRegistration, BeginRequest(version), begun);
}

v1::FinishRegistrationRequest ApiClient::FinishRequest(const std::string& registration_id,
                                                       uint32_t version) const {
  v1::FinishRegistrationRequest request;
  request.set_record(kRecord);
  request.set_version(version);
  request.set_registration_id(registration_id);
  request.set_config(
      ToString(OneRealmConfig({tenant, account, kRecord}, AsBytes(realm_id), version, guess_limit)));
  request.set_commitment(std::string(32, 'c'));
  request.set_unlock_public_key(ToString(unlock.public_key().Spki()));
  request.set_sealed_secret(std::string(100, 'e'));
  return request;
}

void ApiClient::SignRegistration(v1::FinishRegistrationRequest& request, const std::string& challenge) const {
  const Bytes body = recovery::FinishRegistrationBody(
      {request.record(), request.version(), AsBytes(request.registration_id()), AsBytes(request.config()),
       AsBytes(request.commitment()), AsBytes(request.unlock_public_key()),
       AsBytes(request.sealed_secret())});
  *request.mutable_authorization() = SignOver(challenge, device, Operation::kFinishRegistration, body);
}

grpc::Status ApiClient::Activate(uint32_t version) {
  v1::ActivateRequest request;
  request.set_record(kRecord);
  request.set_version(version);
  *request.mutable_authorization() = Sign(Operation::kActivate, recovery::ActivateBody(kRecord, version));
  v1::ActivateResponse response;
  return Call(&v1::Recovery::Stub::Activate, request, &response);
}

grpc::Status ApiClient::SetUp() {
  if (const grpc::Status enrolled = Enroll(); !enrolled.ok()) return enrolled;
  v1::BeginRegistrationResponse begun;
  if (const grpc::Status status = Begin(&begun); !status.ok()) return status;
  v1::FinishRegistrationRequest request = FinishRequest(begun.registration_id());
  SignRegistration(request);
  v1::FinishRegistrationResponse finished;
  if (const grpc::Status status = Call(&v1::Recovery::Stub::FinishRegistration, request, &finished);
      !status.ok()) {
    return status;
  }
  return Activate();
}

v1::EvaluateRequest ApiClient::EvaluateRequest(uint32_t number, uint32_t version) const {
  v1::EvaluateRequest request;
  request.set_record(kRecord);
  request.set_version(version);
  request.add_elements(Element(number));
  return request;
}

grpc::Status ApiClient::Evaluate(uint32_t number, v1::EvaluateResponse* response) {
  return Call(&v1::Recovery::Stub::Evaluate, EvaluateRequest(number), response);
}

grpc::Status ApiClient::Unlock(const std::string& challenge, v1::UnlockResponse* response) {
  v1::UnlockRequest request;
  request.set_record(kRecord);
  request.set_version(1);
  request.set_challenge(challenge);
  request.set_signature(
      ToString(unlock.Sign(recovery::UnlockBytes(Scope(), kRecord, 1, AsBytes(challenge)))));
  return Call(&v1::Recovery::Stub::Unlock, request, response);
}

grpc::Status ApiClient::GetRecord(v1::GetRecordResponse* response) {
  v1::GetRecordRequest request;
  request.set_record(kRecord);
  return Call(&v1::Recovery::Stub::GetRecord, request, response);
}

std::string ApiClient::Element(uint32_t number) {
  const Bytes bytes = Writer().U64(0).U64(0).U64(0).U32(0).U32(number).bytes();
  return ToString(P256Point::Generator().Times(*P256Scalar::Parse(bytes)).Compressed());
}

}  // namespace labrec::test
