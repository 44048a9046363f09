#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/request_bytes.h"
#include "tests/simulation/household/household.h"
#include "tests/support/realm/one_realm_config.h"

// How a household's requests are sent, and what their answers say.
namespace labrec::sim {
namespace {

using recovery::Engine;
using recovery::Ok;
using recovery::Operation;

constexpr std::array<const char*, kRecordsOfHousehold> kRecordNames = {"main", "second"};

// Whether it is certain that nothing was done.
bool NothingWasDone(const absl::Status& status) {
  if (IsStoragesWord(status)) return false;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return status.message().find("nothing was done") != std::string_view::npos;
  }
}

Answer Of(Answer::Kind kind, uint32_t left = 0, uint64_t floor = 0) {
  Answer answer;
  answer.kind = kind;
  answer.left = left;
  answer.floor = floor;
  return answer;
}

Answer Failed(const absl::Status& status) {
  return Of(NothingWasDone(status) ? Answer::Kind::kRefused : Answer::Kind::kUnknown);
}

Answer DoneOr(const absl::Status& status) {
  return status.ok() ? Of(Answer::Kind::kDone) : Failed(status);
}

const P256Point& Element(uint32_t number) {
  static const auto* const points = [] {
    auto* made = new std::vector<P256Point>;
    for (uint32_t i = 0; i < 8; ++i) {
      made->push_back(P256Point::Generator().Times(P256Scalar::ReduceToNonZero(Sha256(std::to_string(i)))));
    }
    return made;
  }();
  return points->at(number);
}

uint64_t SequenceOf(const std::optional<recovery::EpochFloor>& floor) {
  return floor ? floor->sequence : 0;
}

}  // namespace

absl::StatusOr<recovery::Challenge> Household::Challenge(Realm& realm) {
  return realm.Call<recovery::Challenge>(
      [&](Engine& engine, auto done) { done(engine.NewChallenge(caller_)); });
}

Bytes Household::BytesToSign(Realm& realm, Operation operation, const recovery::Challenge& challenge,
                             ByteView body) const {
  return recovery::RequestBytes({realm.realm_id(), caller_.tenant, caller_.account}, operation, challenge,
                                body);
}

Bytes Household::SignedBy(const Signer& signer, ByteView message) const {
  if (signer.kind == Signer::Kind::kUnlockKey)
    return ToBytes(registrations_.at(signer.serial).key.Sign(message));
  return ToBytes(devices_.at(static_cast<size_t>(signer.device)).Sign(message));
}

// Who signs nothing sends the phone's name with a signature of zeros.
absl::StatusOr<recovery::RawSignature> Household::Sign(Realm& realm, const Signer& signer,
                                                       Operation operation, ByteView body) {
  LABREC_ASSIGN_OR_RETURN(const recovery::Challenge challenge, Challenge(realm));
  recovery::RawSignature signature;
  signature.challenge = ToBytes(challenge);
  if (signer.kind == Signer::Kind::kNobody) {
    signature.signer = devices_[kPhone].public_key().DeviceId();
    signature.signature = Bytes(64, 0);
    return signature;
  }
  signature.signature = SignedBy(signer, BytesToSign(realm, operation, challenge, body));
  if (signer.kind == Signer::Kind::kDevice) {
    signature.signer = devices_.at(static_cast<size_t>(signer.device)).public_key().DeviceId();
  } else {
    signature.signer = std::pair<std::string, uint32_t>(kRecordNames[signer.record], signer.version);
  }
  return signature;
}

std::optional<Answer> Household::Evaluate(Realm& realm, const Request& request) {
  const auto answer = realm.Call<recovery::EvaluateOutcome>([&](Engine& engine, auto done) {
    engine.guessing().Evaluate(caller_, kRecordNames[request.record], request.version,
                               Element(request.element), done);
  });
  if (!answer.ok()) return Failed(answer.status());
  if (std::holds_alternative<recovery::LockedUntil>(*answer)) return Of(Answer::Kind::kLocked);
  if (std::holds_alternative<recovery::Destroyed>(*answer)) return Of(Answer::Kind::kDestroyed);
  const auto* evaluated = std::get_if<recovery::Evaluated>(&*answer);
  if (evaluated == nullptr) return Of(Answer::Kind::kNotRegistered);
  Answer told = Of(Answer::Kind::kEvaluated, evaluated->remaining);
  told.point = ToBytes(evaluated->evaluated.at(0).Compressed());
  return told;
}

std::optional<Answer> Household::Unlock(Realm& realm, const Request& request) {
  const auto challenge = realm.Call<recovery::Challenge>([&](Engine& engine, auto done) {
    engine.guessing().BeginUnlock(caller_, kRecordNames[request.record], request.version, done);
  });
  if (!challenge.ok()) return std::nullopt;
  const Bytes message = recovery::UnlockBytes({realm.realm_id(), caller_.tenant, caller_.account},
                                              kRecordNames[request.record], request.version, *challenge);
  const Bytes signature = ToBytes(registrations_.at(request.serial).key.Sign(message));
  const auto answer = realm.Call<recovery::UnlockOutcome>([&](Engine& engine, auto done) {
    engine.guessing().Unlock(caller_, kRecordNames[request.record], request.version, ToBytes(*challenge),
                             signature, done);
  });
  if (!answer.ok()) return Failed(answer.status());
  if (std::holds_alternative<recovery::Destroyed>(*answer)) return Of(Answer::Kind::kDestroyed);
  const auto* unlocked = std::get_if<recovery::Unlocked>(&*answer);
  if (unlocked == nullptr) return Of(Answer::Kind::kNotRegistered);
  return Of(Answer::Kind::kUnlocked, unlocked->remaining, SequenceOf(unlocked->floor));
}

// `begun` becomes the new beginning, if there is one. Another request may begin the same meanwhile.
void Household::Begin(Realm& realm, const Request& request, uint32_t& begun) {
  const auto answer = realm.Call<recovery::RegistrationBegun>([&](Engine& engine, auto done) {
    engine.registrations().BeginRegistration(caller_, kRecordNames[request.record], request.version,
                                             {Element(0)}, done);
  });
  if (!answer.ok()) return;
  std::vector<Beginning>& beginnings = registrations_.at(request.serial).beginnings;
  beginnings.push_back({realm.process().id, answer->registration_id});
  begun = static_cast<uint32_t>(beginnings.size());
  NoteEvaluation({request.serial, begun}, 0, ToBytes(answer->evaluated.at(0).Compressed()));
}

std::optional<Answer> Household::Finish(Realm& realm, Request& request) {
  const Registration& registration = registrations_.at(request.serial);
  if (request.begun == 0) request.begun = static_cast<uint32_t>(registration.beginnings.size());
  if (request.begun == 0 || !request.stale) Begin(realm, request, request.begun);
  if (request.begun == 0 || request.begins_only) return std::nullopt;
  const recovery::RegistrationId id = registration.beginnings.at(request.begun - 1).id;
  const recovery::RecordName name{caller_.tenant, caller_.account, kRecordNames[request.record]};
  recovery::RegistrationRequest finish{name.record,
                                       request.version,
                                       id,
                                       OneRealmConfig(name, realm.realm_id(), request.version, request.limit),
                                       ToBytes(Sha256(std::to_string(request.serial) + ToString(id))),
                                       registration.key.public_key(),
                                       ToBytes("the client's sealed secret"),
                                       {}};
  const Bytes spki = finish.unlock_key.Spki();
  auto signature =
      Sign(realm, request.signer, Operation::kFinishRegistration,
           recovery::FinishRegistrationBody({finish.record, finish.version, finish.registration_id,
                                             finish.config, finish.commitment, spki, finish.sealed_secret}));
  if (!signature.ok()) return std::nullopt;
  finish.authorization = *std::move(signature);
  return DoneOr(realm
                    .Call<Ok>([&](Engine& engine, auto done) {
                      engine.registrations().FinishRegistration(caller_, finish, done);
                    })
                    .status());
}

std::optional<Answer> Household::Activate(Realm& realm, const Request& request) {
  const char* name = kRecordNames[request.record];
  const auto signature =
      Sign(realm, request.signer, Operation::kActivate, recovery::ActivateBody(name, request.version));
  if (!signature.ok()) return std::nullopt;
  return DoneOr(realm
                    .Call<Ok>([&](Engine& engine, auto done) {
                      engine.registrations().Activate(caller_, name, request.version, *signature, done);
                    })
                    .status());
}

std::optional<Answer> Household::Enroll(Realm& realm, const Request& request) {
  const EcdsaPrivateKey& device = devices_.at(static_cast<size_t>(request.device));
  const Bytes body = recovery::EnrollDeviceBody(device.public_key().Spki(), "device");
  const auto challenge = Challenge(realm);
  if (!challenge.ok()) return std::nullopt;
  const Bytes message = BytesToSign(realm, Operation::kEnrollDevice, *challenge, body);
  const Bytes proof = ToBytes(device.Sign(message));
  std::optional<recovery::RawSignature> authorization;
  if (request.signer.kind == Signer::Kind::kDevice) {
    authorization = {ToBytes(*challenge),
                     devices_.at(static_cast<size_t>(request.signer.device)).public_key().DeviceId(),
                     {}};
  } else if (request.signer.kind == Signer::Kind::kUnlockKey) {
    authorization = {
        ToBytes(*challenge),
        std::pair<std::string, uint32_t>(kRecordNames[request.signer.record], request.signer.version),
        {}};
  }
  if (authorization) authorization->signature = SignedBy(request.signer, message);
  return DoneOr(realm
                    .Call<recovery::Enrollment>([&](Engine& engine, auto done) {
                      engine.devices().EnrollDevice(caller_, device.public_key(), "device",
                                                    ToBytes(*challenge), proof, authorization, done);
                    })
                    .status());
}

std::optional<Answer> Household::Revoke(Realm& realm, const Request& request) {
  const recovery::DeviceId id = devices_.at(static_cast<size_t>(request.device)).public_key().DeviceId();
  const auto signature =
      Sign(realm, request.signer, Operation::kRevokeDevice, recovery::RevokeDeviceBody(id));
  if (!signature.ok()) return std::nullopt;
  return DoneOr(realm
                    .Call<Ok>([&](Engine& engine, auto done) {
                      engine.devices().RevokeDevice(caller_, id, *signature, done);
                    })
                    .status());
}

std::optional<Answer> Household::Delete(Realm& realm, const Request& request) {
  const char* name = kRecordNames[request.record];
  const auto signature = Sign(realm, request.signer, Operation::kDeleteRecord, recovery::RecordBody(name));
  if (!signature.ok()) return std::nullopt;
  return DoneOr(realm
                    .Call<Ok>([&](Engine& engine, auto done) {
                      engine.records().DeleteRecord(caller_, name, *signature, done);
                    })
                    .status());
}

std::optional<Answer> Household::RaiseFloor(Realm& realm, const Request& request) {
  const char* name = kRecordNames[request.record];
  const Digest digest = Sha256(std::to_string(request.floor));
  const auto signature = Sign(realm, request.signer, Operation::kRaiseFloor,
                              recovery::RaiseFloorBody(name, request.floor, digest));
  if (!signature.ok()) return std::nullopt;
  return DoneOr(realm
                    .Call<Ok>([&](Engine& engine, auto done) {
                      engine.records().RaiseFloor(caller_, name, request.floor, digest, *signature, done);
                    })
                    .status());
}

std::optional<Answer> Household::GetFloor(Realm& realm, const Request& request) {
  const char* name = kRecordNames[request.record];
  const auto signature = Sign(realm, request.signer, Operation::kGetFloor, recovery::RecordBody(name));
  if (!signature.ok()) return std::nullopt;
  const auto floor = realm.Call<std::optional<recovery::EpochFloor>>(
      [&](Engine& engine, auto done) { engine.records().GetFloor(caller_, name, *signature, done); });
  return floor.ok() ? Of(Answer::Kind::kFloor, 0, SequenceOf(*floor)) : Failed(floor.status());
}

std::optional<Answer> Household::Look(Realm& realm, const Request& request) {
  const auto view = realm.Call<recovery::RecordView>([&](Engine& engine, auto done) {
    engine.records().GetRecord(caller_, kRecordNames[request.record], done);
  });
  if (!view.ok()) return Failed(view.status());
  Answer answer = Of(Answer::Kind::kShown);
  answer.shown = {view->record.destroyed, view->record.highest_version, SequenceOf(view->record.floor), {}};
  for (const recovery::RecordVersion& each : view->record.versions) {
    answer.shown.versions.push_back({each.number, each.stage == recovery::Stage::kActive, each.guess_limit,
                                     each.left(), each.registered_by.has_value()});
  }
  return answer;
}

std::optional<Answer> Household::List(Realm& realm) {
  const auto account = realm.Call<recovery::Account>(
      [&](Engine& engine, auto done) { engine.devices().ListDevices(caller_, done); });
  if (!account.ok()) return Failed(account.status());
  Answer answer = Of(Answer::Kind::kListed);
  for (int device = 0; device < kDevices; ++device) {
    const auto id = devices_.at(static_cast<size_t>(device)).public_key().DeviceId();
    if (account->Find(id) != nullptr) answer.devices.insert(device);
  }
  for (const std::string& record : account->records) {
    answer.records.insert(
        static_cast<size_t>(std::ranges::find(kRecordNames, record) - kRecordNames.begin()));
  }
  return answer;
}

// The device counts no keys, so nothing comes of these; and nothing may.
std::optional<Answer> Household::AskChip(Realm& realm, const Request& request) {
  const char* name = kRecordNames[request.record];
  if (request.element % 3 == 0) {
    return DoneOr(realm
                      .Call<recovery::ChipWriteBegun>([&](Engine& engine, auto done) {
                        engine.chip_records().BeginChipWrite(caller_, name, request.version, {}, done);
                      })
                      .status());
  }
  if (request.element % 3 == 1) {
    return DoneOr(realm
                      .Call<std::vector<P256Point>>([&](Engine& engine, auto done) {
                        engine.chip_records().ConfirmKey(caller_, name, request.version, {},
                                                         {Element(0), Element(1)}, done);
                      })
                      .status());
  }
  recovery::ChipRegistration begin{name, request.version + 1, devices_[kPhone].public_key(),
                                   3,    Bytes(32, 'n'),      {}};
  auto signature = Sign(
      realm, request.signer, Operation::kBeginChipVersion,
      recovery::BeginChipBody(name, begin.version, begin.unlock_key.Spki(), begin.guess_limit, begin.nonce));
  if (!signature.ok()) return std::nullopt;
  begin.authorization = *std::move(signature);
  return DoneOr(realm
                    .Call<recovery::ChipRegistrationBegun>([&](Engine& engine, auto done) {
                      engine.chip_records().BeginChipRegistration(caller_, begin, done);
                    })
                    .status());
}

std::optional<Answer> Household::Send(Realm& realm, Request& request) {
  const auto send = [&]() -> std::optional<Answer> {
    switch (request.kind) {
      case Request::Kind::kEvaluate:
        return Evaluate(realm, request);
      case Request::Kind::kUnlock:
        return Unlock(realm, request);
      case Request::Kind::kFinish:
        return Finish(realm, request);
      case Request::Kind::kActivate:
        return Activate(realm, request);
      case Request::Kind::kEnroll:
        return Enroll(realm, request);
      case Request::Kind::kRevoke:
        return Revoke(realm, request);
      case Request::Kind::kDelete:
        return Delete(realm, request);
      case Request::Kind::kRaiseFloor:
        return RaiseFloor(realm, request);
      case Request::Kind::kGetFloor:
        return GetFloor(realm, request);
      case Request::Kind::kLook:
        return Look(realm, request);
      case Request::Kind::kList:
        return List(realm);
      case Request::Kind::kChip:
        return AskChip(realm, request);
    }
    return std::nullopt;
  };
  request.sent_ms = realm.NowMillis();
  const std::optional<Answer> answer = send();
  request.answered_ms = realm.NowMillis();
  return answer;
}

}  // namespace labrec::sim
