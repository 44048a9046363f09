#include "tests/support/realm/raw_account.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/p256.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/request_bytes.h"
#include "tests/support/realm/one_realm_config.h"

namespace labrec::test {
namespace {

namespace api = labyrinth::recovery::v1;

constexpr size_t kElements = 32;
constexpr size_t kNonces = 32;

absl::Status Failed(const char* call, const grpc::Status& status) {
  return absl::InternalError(
      absl::StrCat(call, " failed: ", status.error_message(), " (", status.error_code(), ")"));
}

std::string RandomElement() {
  return ToString(P256Point::Generator().Times(P256Scalar::Random()).Compressed());
}

void Prepare(grpc::ClientContext& context, const std::string& bearer) {
  context.AddMetadata("authorization", bearer);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

}  // namespace

RawAccount::RawAccount(std::string tenant, std::string account, const std::string& token)
    : tenant_(std::move(tenant)),
      account_(std::move(account)),
      bearer_(absl::StrCat("Bearer ", token)),
      unlock_signer_(unlock_, kNonces) {
  for (size_t i = 0; i < kElements; ++i) elements_.push_back(RandomElement());
}

absl::StatusOr<std::unique_ptr<RawAccount>> RawAccount::Register(Stub& stub, std::string tenant,
                                                                 std::string account, std::string token) {
  std::unique_ptr<RawAccount> made(new RawAccount(std::move(tenant), std::move(account), token));
  grpc::ClientContext context;
  Prepare(context, made->bearer_);
  api::GetRealmResponse realm;
  if (auto status = stub.GetRealm(&context, {}, &realm); !status.ok()) return Failed("GetRealm", status);
  made->realm_id_ = realm.realm_id();
  LABREC_RETURN_IF_ERROR(made->EnrollDevice(stub));
  LABREC_RETURN_IF_ERROR(made->RegisterRecord(stub));
  return made;
}

std::string RawAccount::SignUnlock(const std::string& challenge) {
  const recovery::RequestScope scope{AsBytes(realm_id_), tenant_, account_};
  return ToString(
      unlock_signer_.Sign(recovery::UnlockBytes(scope, kRawRecord, kRawVersion, AsBytes(challenge))));
}

namespace {

absl::StatusOr<std::string> NewChallenge(RawAccount::Stub& stub, const std::string& bearer) {
  grpc::ClientContext context;
  Prepare(context, bearer);
  api::GetChallengeResponse response;
  if (auto status = stub.GetChallenge(&context, {}, &response); !status.ok())
    return Failed("GetChallenge", status);
  return response.challenge();
}

}  // namespace

absl::Status RawAccount::EnrollDevice(Stub& stub) {
  LABREC_ASSIGN_OR_RETURN(const std::string challenge, NewChallenge(stub, bearer_));
  api::EnrollDeviceRequest request;
  const Bytes spki = device_.public_key().Spki();
  request.set_public_key(ToString(spki));
  request.set_name("raw");
  request.set_challenge(challenge);
  const recovery::RequestScope scope{AsBytes(realm_id_), tenant_, account_};
  request.set_proof(ToString(
      device_.Sign(recovery::RequestBytes(scope, recovery::Operation::kEnrollDevice, AsBytes(challenge),
                                          recovery::EnrollDeviceBody(spki, request.name())))));
  grpc::ClientContext context;
  Prepare(context, bearer_);
  api::EnrollDeviceResponse response;
  const auto status = stub.EnrollDevice(&context, request, &response);
  return status.ok() ? absl::OkStatus() : Failed("EnrollDevice", status);
}

absl::Status RawAccount::SignWithDevice(Stub& stub, recovery::Operation operation, const Bytes& body,
                                        api::Signature& out) const {
  const recovery::RequestScope scope{AsBytes(realm_id_), tenant_, account_};
  LABREC_ASSIGN_OR_RETURN(const std::string challenge, NewChallenge(stub, bearer_));
  out.set_challenge(challenge);
  out.set_device_id(ToString(device_.public_key().DeviceId()));
  out.set_signature(
      ToString(device_.Sign(recovery::RequestBytes(scope, operation, AsBytes(challenge), body))));
  return absl::OkStatus();
}

absl::StatusOr<std::string> RawAccount::BeginRegistration(Stub& stub) const {
  api::BeginRegistrationRequest begin;
  begin.set_record(kRawRecord);
  begin.set_version(kRawVersion);
  begin.add_elements(RandomElement());
  grpc::ClientContext context;
  Prepare(context, bearer_);
  api::BeginRegistrationResponse begun;
  if (auto status = stub.BeginRegistration(&context, begin, &begun); !status.ok()) {
    return Failed("BeginRegistration", status);
  }
  return begun.registration_id();
}

std::string RawAccount::Config() const {
  return ToString(
      OneRealmConfig({tenant_, account_, kRawRecord}, AsBytes(realm_id_), kRawVersion, kRawLimit));
}

absl::Status RawAccount::FinishRegistration(Stub& stub, const std::string& registration_id) const {
  api::FinishRegistrationRequest finish;
  finish.set_record(kRawRecord);
  finish.set_version(kRawVersion);
  finish.set_registration_id(registration_id);
  finish.set_config(Config());
  finish.set_commitment(std::string(32, 'c'));
  finish.set_unlock_public_key(ToString(unlock_.public_key().Spki()));
  finish.set_sealed_secret(std::string(1054, 'e'));
  const Bytes body = recovery::FinishRegistrationBody(
      {kRawRecord, kRawVersion, AsBytes(finish.registration_id()), AsBytes(finish.config()),
       AsBytes(finish.commitment()), AsBytes(finish.unlock_public_key()), AsBytes(finish.sealed_secret())});
  LABREC_RETURN_IF_ERROR(
      SignWithDevice(stub, recovery::Operation::kFinishRegistration, body, *finish.mutable_authorization()));
  grpc::ClientContext context;
  Prepare(context, bearer_);
  api::FinishRegistrationResponse finished;
  const auto status = stub.FinishRegistration(&context, finish, &finished);
  return status.ok() ? absl::OkStatus() : Failed("FinishRegistration", status);
}

absl::Status RawAccount::Activate(Stub& stub) const {
  api::ActivateRequest activate;
  activate.set_record(kRawRecord);
  activate.set_version(kRawVersion);
  LABREC_RETURN_IF_ERROR(SignWithDevice(stub, recovery::Operation::kActivate,
                                        recovery::ActivateBody(kRawRecord, kRawVersion),
                                        *activate.mutable_authorization()));
  grpc::ClientContext context;
  Prepare(context, bearer_);
  api::ActivateResponse activated;
  const auto status = stub.Activate(&context, activate, &activated);
  return status.ok() ? absl::OkStatus() : Failed("Activate", status);
}

absl::Status RawAccount::RegisterRecord(Stub& stub) {
  LABREC_ASSIGN_OR_RETURN(const std::string registration_id, BeginRegistration(stub));
  LABREC_RETURN_IF_ERROR(FinishRegistration(stub, registration_id));
  return Activate(stub);
}

}  // namespace labrec::test
