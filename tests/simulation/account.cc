#include "tests/simulation/account.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/request_bytes.h"
#include "tests/support/realm/one_realm_config.h"

namespace labrec::sim {
namespace {

using recovery::Engine;
using recovery::Ok;
using recovery::Operation;

constexpr char kRecord[] = "main";
constexpr uint32_t kVersion = 1;

}  // namespace

Account::Account(std::string name, uint32_t guess_limit)
    : caller_{"tenant", std::move(name), false, std::chrono::steady_clock::time_point::max()},
      limit_(guess_limit),
      history_(guess_limit) {}

Bytes Account::Config(const Bytes& realm_id) const {
  return OneRealmConfig({caller_.tenant, caller_.account, kRecord}, realm_id, kVersion, limit_);
}

absl::Status Account::SetUp(Realm& realm) {
  LABREC_RETURN_IF_ERROR(Enroll(realm));
  LABREC_RETURN_IF_ERROR(Register(realm));
  LABREC_RETURN_IF_ERROR(Activate(realm));
  registered = true;
  return absl::OkStatus();
}

absl::StatusOr<recovery::RawSignature> Account::Sign(Realm& realm, Operation operation, ByteView body) {
  LABREC_ASSIGN_OR_RETURN(const recovery::Challenge challenge,
                          realm.Call<recovery::Challenge>(
                              [&](Engine& engine, auto done) { done(engine.NewChallenge(caller_)); }));
  const Bytes message =
      recovery::RequestBytes({realm.realm_id(), caller_.tenant, caller_.account}, operation, challenge, body);
  return recovery::RawSignature{ToBytes(challenge), device_.public_key().DeviceId(),
                                ToBytes(device_.Sign(message))};
}

absl::Status Account::Enroll(Realm& realm) {
  LABREC_ASSIGN_OR_RETURN(const recovery::RawSignature proof,
                          Sign(realm, Operation::kEnrollDevice,
                               recovery::EnrollDeviceBody(device_.public_key().Spki(), "phone")));
  return realm
      .Call<recovery::Enrollment>([&](Engine& engine, auto done) {
        engine.devices().EnrollDevice(caller_, device_.public_key(), "phone", proof.challenge,
                                      proof.signature, std::nullopt, done);
      })
      .status();
}

absl::Status Account::Register(Realm& realm) {
  LABREC_ASSIGN_OR_RETURN(const recovery::RegistrationBegun begun,
                          realm.Call<recovery::RegistrationBegun>([&](Engine& engine, auto done) {
                            engine.registrations().BeginRegistration(caller_, kRecord, kVersion,
                                                                     {P256Point::Generator()}, done);
                          }));
  recovery::RegistrationRequest request{kRecord,
                                        kVersion,
                                        begun.registration_id,
                                        Config(realm.realm_id()),
                                        Bytes(32, 'c'),
                                        unlock_key_.public_key(),
                                        ToBytes("the client's sealed secret"),
                                        {}};
  const Bytes spki = request.unlock_key.Spki();
  LABREC_ASSIGN_OR_RETURN(request.authorization,
                          Sign(realm, Operation::kFinishRegistration,
                               recovery::FinishRegistrationBody(
                                   {request.record, request.version, request.registration_id, request.config,
                                    request.commitment, spki, request.sealed_secret})));
  return realm
      .Call<Ok>([&](Engine& engine, auto done) {
        engine.registrations().FinishRegistration(caller_, request, done);
      })
      .status();
}

absl::Status Account::Activate(Realm& realm) {
  LABREC_ASSIGN_OR_RETURN(const recovery::RawSignature signature,
                          Sign(realm, Operation::kActivate, recovery::ActivateBody(kRecord, kVersion)));
  return realm
      .Call<Ok>([&](Engine& engine, auto done) {
        engine.registrations().Activate(caller_, kRecord, kVersion, signature, done);
      })
      .status();
}

absl::StatusOr<recovery::EvaluateOutcome> Account::Evaluate(Realm& realm, const P256Point& element,
                                                            std::chrono::steady_clock::time_point deadline) {
  recovery::Caller caller = caller_;
  caller.deadline = deadline;
  return realm.Call<recovery::EvaluateOutcome>([&](Engine& engine, auto done) {
    engine.guessing().Evaluate(caller, kRecord, kVersion, element, done);
  });
}

absl::StatusOr<recovery::Challenge> Account::BeginUnlock(Realm& realm) {
  return realm.Call<recovery::Challenge>(
      [&](Engine& engine, auto done) { engine.guessing().BeginUnlock(caller_, kRecord, kVersion, done); });
}

absl::StatusOr<recovery::UnlockOutcome> Account::Unlock(Realm& realm, const recovery::Challenge& challenge) {
  const Bytes message = recovery::UnlockBytes({realm.realm_id(), caller_.tenant, caller_.account}, kRecord,
                                              kVersion, challenge);
  const Bytes signature = ToBytes(unlock_key_.Sign(message));
  return realm.Call<recovery::UnlockOutcome>([&](Engine& engine, auto done) {
    engine.guessing().Unlock(caller_, kRecord, kVersion, ToBytes(challenge), signature, done);
  });
}

absl::StatusOr<recovery::RecordView> Account::View(Realm& realm) {
  return realm.Call<recovery::RecordView>(
      [&](Engine& engine, auto done) { engine.records().GetRecord(caller_, kRecord, done); });
}

absl::Status Account::RaiseFloor(Realm& realm, uint64_t sequence) {
  const Digest digest = Sha256(std::to_string(sequence));
  LABREC_ASSIGN_OR_RETURN(
      const recovery::RawSignature signature,
      Sign(realm, Operation::kRaiseFloor, recovery::RaiseFloorBody(kRecord, sequence, digest)));
  return realm
      .Call<Ok>([&](Engine& engine, auto done) {
        engine.records().RaiseFloor(caller_, kRecord, sequence, digest, signature, done);
      })
      .status();
}

}  // namespace labrec::sim
