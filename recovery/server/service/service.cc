#include "recovery/server/service/service.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/server/service/answers.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/service/rpc.h"
#include "recovery/server/tokens/authorization.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;
using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

}  // namespace

// Here and not in the header: whoever makes or destroys a service compiles all that gRPC generated for it.
RecoveryService::RecoveryService(Engine& engine, TokenVerifier& tokens, RateLimiter& rates, AccountLog& log,
                                 Traffic& traffic, RealmFacts facts,
                                 std::vector<std::filesystem::path> tls_certificates)
    : engine_(engine),
      tokens_(tokens),
      rates_(rates),
      log_(log),
      traffic_(traffic),
      facts_(std::move(facts)),
      tls_keys_(std::move(tls_certificates)) {}
RecoveryService::~RecoveryService() = default;

absl::StatusOr<TokenHolder> RecoveryService::HolderOf(const Context& context) {
  std::vector<std::string_view> values;
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  for (auto field = first; field != last; ++field)
    values.emplace_back(field->second.data(), field->second.size());
  // What is said is nothing but what the call or its token lacks.
  LABREC_ASSIGN_OR_RETURN(const std::string_view token, InOwnWords(BearerToken(values)));
  return InOwnWords(tokens_.Verify(token));
}

absl::StatusOr<Caller> RecoveryService::Authenticate(const Rpc& rpc) {
  LABREC_ASSIGN_OR_RETURN(TokenHolder holder, HolderOf(rpc.context()));
  LABREC_RETURN_IF_ERROR(rates_.Take(holder.tenant, holder.account, std::chrono::steady_clock::now()));
  return Caller{std::move(holder.tenant), std::move(holder.account), false, DeadlineOf(rpc.context()),
                rpc.gone()};
}

template <typename Outcome>
void RecoveryService::LogDestroyed(const Caller& caller, const std::string& record, const Outcome& outcome,
                                   const std::function<void()>& then) {
  const auto* destroyed = std::get_if<Destroyed>(&outcome);
  if (destroyed == nullptr) return then();
  log_.RecordDestroyed(caller, record, *destroyed, then);
}

Reactor* RecoveryService::GetRealm(Context* context, const v1::GetRealmRequest*,
                                   v1::GetRealmResponse* response) {
  return Serve(context, "GetRealm", traffic_, [&](const Rpc& rpc) -> absl::Status {
    DescribeRealm(facts_, engine_.status(), response);
    rpc.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::GetChallenge(Context* context, const v1::GetChallengeRequest*,
                                       v1::GetChallengeResponse* response) {
  return Serve(context, "GetChallenge", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const Challenge challenge, engine_.NewChallenge(caller));
    response->set_challenge(ToString(challenge));
    rpc.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::EnrollDevice(Context* context, const v1::EnrollDeviceRequest* request,
                                       v1::EnrollDeviceResponse* response) {
  return Serve(context, "EnrollDevice", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey key, PublicKeyField("public_key", request->public_key()));
    LABREC_ASSIGN_OR_RETURN(std::string name, DeviceNameField(request->name()));
    LABREC_ASSIGN_OR_RETURN(Bytes challenge, FixedField("challenge", request->challenge(), 32));
    LABREC_ASSIGN_OR_RETURN(Bytes proof, FixedField("proof", request->proof(), 64));
    LABREC_ASSIGN_OR_RETURN(auto authorization,
                            OptionalSignature(request->has_authorization(), request->authorization()));
    engine_.devices().EnrollDevice(
        caller, key, std::move(name), std::move(challenge), std::move(proof), std::move(authorization),
        rpc.AnswerAfter<Enrollment>([=, this](const Enrollment& enrolled, auto finish) {
          response->set_device_id(ToString(enrolled.device));
          log_.DeviceEnrolled(caller, enrolled, finish);
        }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::RevokeDevice(Context* context, const v1::RevokeDeviceRequest* request,
                                       v1::RevokeDeviceResponse*) {
  return Serve(context, "RevokeDevice", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const DeviceId device, DeviceIdField(request->device_id()));
    LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                            RequiredSignature(request->has_authorization(), request->authorization()));
    engine_.devices().RevokeDevice(caller, device, std::move(authorization),
                                   rpc.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                     log_.DeviceRevoked(caller, device, done, finish);
                                   }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::ListDevices(Context* context, const v1::ListDevicesRequest*,
                                      v1::ListDevicesResponse* response) {
  return Serve(context, "ListDevices", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    engine_.devices().ListDevices(std::move(caller), rpc.Answer<Account>([=](const Account& account) {
      FillDevices(account, response);
    }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::BeginRegistration(Context* context, const v1::BeginRegistrationRequest* request,
                                            v1::BeginRegistrationResponse* response) {
  return Serve(context, "BeginRegistration", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    if (request->has_chip()) return BeginChipRegistration(std::move(caller), *request, response, rpc);
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    LABREC_ASSIGN_OR_RETURN(auto elements, ElementsField(request->elements(), 1, 2));
    engine_.registrations().BeginRegistration(
        std::move(caller), std::move(record), version, std::move(elements),
        rpc.Answer<RegistrationBegun>([=](const RegistrationBegun& begun) {
          response->set_registration_id(ToString(begun.registration_id));
          FillPoints(begun.evaluated, response->mutable_evaluated());
        }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::FinishRegistration(Context* context, const v1::FinishRegistrationRequest* request,
                                             v1::FinishRegistrationResponse*) {
  return Serve(context, "FinishRegistration", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(RegistrationRequest registration, RegistrationField(*request));
    const std::string record = registration.record;
    const uint32_t version = registration.version;
    engine_.registrations().FinishRegistration(
        caller, std::move(registration), rpc.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
          log_.VersionRegistered(caller, record, version, done, finish);
        }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::Activate(Context* context, const v1::ActivateRequest* request,
                                   v1::ActivateResponse*) {
  return Serve(context, "Activate", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                            RequiredSignature(request->has_authorization(), request->authorization()));
    engine_.registrations().Activate(caller, record, version, std::move(authorization),
                                     rpc.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                       log_.VersionActivated(caller, record, version, done, finish);
                                     }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::GetRecord(Context* context, const v1::GetRecordRequest* request,
                                    v1::GetRecordResponse* response) {
  return Serve(context, "GetRecord", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    engine_.records().GetRecord(std::move(caller), std::move(record),
                                rpc.Answer<RecordView>([=](const RecordView& view) {
                                  FillRecord(view, Configs::kInclude, response);
                                }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::Evaluate(Context* context, const v1::EvaluateRequest* request,
                                   v1::EvaluateResponse* response) {
  return Serve(context, "Evaluate", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    LABREC_ASSIGN_OR_RETURN(const auto elements, ElementsField(request->elements(), 1, 1));
    engine_.guessing().Evaluate(
        caller, record, version, elements.front(),
        rpc.AnswerAfter<EvaluateOutcome>([=, this](const EvaluateOutcome& outcome, auto finish) {
          FillEvaluate(outcome, response);
          LogDestroyed(caller, record, outcome, finish);
        }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::BeginUnlock(Context* context, const v1::BeginUnlockRequest* request,
                                      v1::BeginUnlockResponse* response) {
  return Serve(context, "BeginUnlock", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    engine_.guessing().BeginUnlock(std::move(caller), std::move(record), version,
                                   rpc.Answer<Challenge>([=](const Challenge& challenge) {
                                     response->set_challenge(ToString(challenge));
                                   }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::Unlock(Context* context, const v1::UnlockRequest* request,
                                 v1::UnlockResponse* response) {
  return Serve(context, "Unlock", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request->version()));
    LABREC_ASSIGN_OR_RETURN(Bytes challenge, FixedField("challenge", request->challenge(), 32));
    LABREC_ASSIGN_OR_RETURN(Bytes signature, FixedField("signature", request->signature(), 64));
    engine_.guessing().Unlock(
        caller, record, version, std::move(challenge), std::move(signature),
        rpc.AnswerAfter<UnlockOutcome>([=, this](const UnlockOutcome& outcome, auto finish) {
          FillUnlock(outcome, response);
          LogDestroyed(caller, record, outcome, finish);
        }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::DeleteRecord(Context* context, const v1::DeleteRecordRequest* request,
                                       v1::DeleteRecordResponse*) {
  return Serve(context, "DeleteRecord", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                            RequiredSignature(request->has_authorization(), request->authorization()));
    engine_.records().DeleteRecord(caller, record, std::move(authorization),
                                   rpc.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                     log_.RecordDeleted(caller, record, done, finish);
                                   }));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::RaiseFloor(Context* context, const v1::RaiseFloorRequest* request,
                                     v1::RaiseFloorResponse*) {
  return Serve(context, "RaiseFloor", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(const Digest digest, DigestField("digest", request->digest()));
    LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                            RequiredSignature(request->has_authorization(), request->authorization()));
    engine_.records().RaiseFloor(std::move(caller), std::move(record), request->sequence(), digest,
                                 std::move(authorization), rpc.Answer<Ok>([](Ok) {}));
    return absl::OkStatus();
  });
}

Reactor* RecoveryService::GetFloor(Context* context, const v1::GetFloorRequest* request,
                                   v1::GetFloorResponse* response) {
  return Serve(context, "GetFloor", traffic_, [&](const Rpc& rpc) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(rpc));
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request->record()));
    LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                            RequiredSignature(request->has_authorization(), request->authorization()));
    engine_.records().GetFloor(
        std::move(caller), std::move(record), std::move(authorization),
        rpc.Answer<std::optional<EpochFloor>>([=](const std::optional<EpochFloor>& floor) {
          if (floor) FillFloor(*floor, response->mutable_floor());
        }));
    return absl::OkStatus();
  });
}

}  // namespace labrec::recovery
