#include "tests/integration/engine/client.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "tests/support/realm/one_realm_config.h"

namespace labrec::recovery {
EngineClient::EngineClient(EngineRealm& where, std::string account)
    : realm(where),
      caller{"tenant", std::move(account), false, {}},
      name{caller.tenant, caller.account, "main"} {
  caller.deadline = std::chrono::steady_clock::time_point::max();
}

absl::Status EngineClient::SetUp(uint32_t guess_limit) {
  LABREC_RETURN_IF_ERROR(Enroll().status());
  LABREC_RETURN_IF_ERROR(Register(1, guess_limit).status());
  return Activate(1).status();
}

RawSignature EngineClient::SignWith(const EcdsaPrivateKey& key, Operation operation, ByteView body) {
  const absl::StatusOr<Challenge> challenge = realm.engine().NewChallenge(caller);
  EXPECT_TRUE(challenge.ok()) << challenge.status();
  const Bytes message =
      RequestBytes({realm.realm_id(), caller.tenant, caller.account}, operation, *challenge, body);
  return {ToBytes(*challenge), key.public_key().DeviceId(), ToBytes(key.Sign(message))};
}

Bytes EngineClient::SignUnlock(const Challenge& challenge, uint32_t version) const {
  return ToBytes(unlock_key.Sign(
      UnlockBytes({realm.realm_id(), caller.tenant, caller.account}, name.record, version, challenge)));
}

absl::StatusOr<Enrollment> EngineClient::Enroll() {
  const RawSignature proof =
      Sign(Operation::kEnrollDevice, EnrollDeviceBody(device.public_key().Spki(), "phone"));
  return Await<Enrollment>([&](auto done) {
    realm.engine().devices().EnrollDevice(caller, device.public_key(), "phone", proof.challenge,
                                          proof.signature, std::nullopt, done);
  });
}

absl::StatusOr<Enrollment> EngineClient::EnrollAnother(const EcdsaPrivateKey& another) {
  LABREC_ASSIGN_OR_RETURN(const Challenge challenge, realm.engine().NewChallenge(caller));
  const Bytes message =
      RequestBytes({realm.realm_id(), caller.tenant, caller.account}, Operation::kEnrollDevice, challenge,
                   EnrollDeviceBody(another.public_key().Spki(), "tablet"));
  const RawSignature authorization{ToBytes(challenge), device.public_key().DeviceId(),
                                   ToBytes(device.Sign(message))};
  return Await<Enrollment>([&](auto done) {
    realm.engine().devices().EnrollDevice(caller, another.public_key(), "tablet", ToBytes(challenge),
                                          ToBytes(another.Sign(message)), authorization, done);
  });
}

absl::StatusOr<Ok> EngineClient::Revoke(DeviceId which) {
  const RawSignature signature = Sign(Operation::kRevokeDevice, RevokeDeviceBody(which));
  return Await<Ok>([&](auto done) { realm.engine().devices().RevokeDevice(caller, which, signature, done); });
}

absl::StatusOr<RegistrationBegun> EngineClient::Begin(uint32_t version, std::vector<P256Point> elements) {
  return Await<RegistrationBegun>([&](auto done) {
    realm.engine().registrations().BeginRegistration(caller, name.record, version, std::move(elements), done);
  });
}

RegistrationRequest EngineClient::RegistrationOf(uint32_t version, const RegistrationBegun& begun,
                                                 uint32_t guess_limit) {
  return {name.record,
          version,
          begun.registration_id,
          OneRealmConfig(name, realm.realm_id(), version, guess_limit),
          Bytes(32, 'c'),
          unlock_key.public_key(),
          ToBytes("the client's sealed secret"),
          {}};
}

absl::StatusOr<Ok> EngineClient::Finish(RegistrationRequest request) {
  const Bytes spki = request.unlock_key.Spki();
  request.authorization =
      Sign(Operation::kFinishRegistration,
           FinishRegistrationBody({request.record, request.version, request.registration_id, request.config,
                                   request.commitment, spki, request.sealed_secret}));
  return Await<Ok>([&](auto done) {
    realm.engine().registrations().FinishRegistration(caller, std::move(request), done);
  });
}

absl::StatusOr<Ok> EngineClient::Register(uint32_t version, uint32_t guess_limit) {
  LABREC_ASSIGN_OR_RETURN(const RegistrationBegun begun, Begin(version, {Element(1000)}));
  return Finish(RegistrationOf(version, begun, guess_limit));
}

absl::StatusOr<Ok> EngineClient::Activate(uint32_t version) {
  const RawSignature signature = Sign(Operation::kActivate, ActivateBody(name.record, version));
  return Await<Ok>([&](auto done) {
    realm.engine().registrations().Activate(caller, name.record, version, signature, done);
  });
}

absl::StatusOr<EvaluateOutcome> EngineClient::Evaluate(const P256Point& element, uint32_t version) {
  return Await<EvaluateOutcome>(
      [&](auto done) { realm.engine().guessing().Evaluate(caller, name.record, version, element, done); });
}

absl::StatusOr<UnlockOutcome> EngineClient::Unlock(const Challenge& challenge, uint32_t version) {
  return Await<UnlockOutcome>([&](auto done) {
    realm.engine().guessing().Unlock(caller, name.record, version, ToBytes(challenge),
                                     SignUnlock(challenge, version), done);
  });
}

absl::StatusOr<Challenge> EngineClient::BeginUnlock(uint32_t version) {
  return Await<Challenge>(
      [&](auto done) { realm.engine().guessing().BeginUnlock(caller, name.record, version, done); });
}

absl::StatusOr<RecordView> EngineClient::View() {
  return Await<RecordView>([&](auto done) { realm.engine().records().GetRecord(caller, name.record, done); });
}

uint32_t EngineClient::Remaining() {
  const absl::StatusOr<RecordView> view = View();
  EXPECT_TRUE(view.ok()) << view.status();
  const RecordVersion* newest = view.ok() ? view->record.Newest() : nullptr;
  return newest == nullptr ? 0 : newest->left();
}

absl::StatusOr<Ok> EngineClient::RaiseFloor(uint64_t sequence, uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  const RawSignature signature = Sign(Operation::kRaiseFloor, RaiseFloorBody(name.record, sequence, digest));
  return Await<Ok>([&](auto done) {
    realm.engine().records().RaiseFloor(caller, name.record, sequence, digest, signature, done);
  });
}

absl::StatusOr<std::optional<EpochFloor>> EngineClient::GetFloor() {
  const RawSignature signature = Sign(Operation::kGetFloor, RecordBody(name.record));
  return Await<std::optional<EpochFloor>>(
      [&](auto done) { realm.engine().records().GetFloor(caller, name.record, signature, done); });
}

P256Scalar EngineClient::Scalar(uint32_t number) {
  return P256Scalar::ReduceToNonZero(Sha256("blind " + std::to_string(number)));
}

int RemainingOf(const absl::StatusOr<EvaluateOutcome>& answer) {
  if (!answer.ok() || !std::holds_alternative<Evaluated>(*answer)) return -1;
  return static_cast<int>(std::get<Evaluated>(*answer).remaining);
}

bool IsDestroyed(const absl::StatusOr<EvaluateOutcome>& answer) {
  return answer.ok() && std::holds_alternative<Destroyed>(*answer);
}

}  // namespace labrec::recovery
