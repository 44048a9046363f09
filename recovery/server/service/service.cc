#include "recovery/server/service/service.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/record_config.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/server/service/answers.h"
#include "recovery/server/service/call.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/tokens/authorization.h"
#include "recovery/server/tokens/jwk_thumbprint.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

}  // namespace

RecoveryService::RecoveryService(Engine& engine, TokenVerifier& tokens, RateLimiter& rates, AccountLog& log,
                                 RealmFacts facts, std::vector<std::filesystem::path> tls_certificates,
                                 const Tenants* tenants)
    : engine_(engine),
      tokens_(tokens),
      rates_(rates),
      tenants_(tenants),
      log_(log),
      facts_(std::move(facts)),
      tls_keys_(std::move(tls_certificates)) {}

absl::StatusOr<TokenHolder> RecoveryService::HolderOf(const Call& call) {
  const std::vector<std::string_view> values = call.wire().Authorizations();
  // What is said is nothing but what the call or its token lacks.
  LABREC_ASSIGN_OR_RETURN(const std::string_view token, InOwnWords(BearerToken(values)));
  return InOwnWords(tokens_.Verify(token));
}

absl::StatusOr<Caller> RecoveryService::Authenticate(const Call& call) {
  LABREC_ASSIGN_OR_RETURN(const TokenHolder holder, HolderOf(call));
  return CallerOf(holder, call);
}

absl::StatusOr<Caller> RecoveryService::CallerOf(const TokenHolder& holder, const Call& call) {
  LABREC_RETURN_IF_ERROR(TermsOf(holder.tenant).status());
  LABREC_RETURN_IF_ERROR(rates_.Take(holder.tenant, holder.account, std::chrono::steady_clock::now()));
  return Caller{holder.tenant, holder.account, false, call.wire().Deadline(), call.wire().Gone()};
}

absl::StatusOr<TenantTerms> RecoveryService::TermsOf(const std::string& tenant) const {
  return tenants_ == nullptr ? TenantTerms() : tenants_->TermsOf(tenant);
}

absl::StatusOr<FirstDevicePolicy> RecoveryService::FirstDeviceFor(const EcdsaPublicKey& key,
                                                                  const TokenHolder& holder) const {
  LABREC_ASSIGN_OR_RETURN(const TenantTerms terms, TermsOf(holder.tenant));
  const FirstDevicePolicy policy = terms.first_device.value_or(facts_.first_device);
  if (!holder.device_key) return policy;
  // A token that names a key is for that key alone, whatever the policy: who stole it enrols none of his own.
  if (*holder.device_key != JwkThumbprint(key)) return FirstDevicePolicy::kAnotherKey;
  return policy == FirstDevicePolicy::kToken ? FirstDevicePolicy::kOpen : policy;
}

absl::Status RecoveryService::CheckGuessLimitOf(const Caller& caller, uint32_t guess_limit) const {
  LABREC_ASSIGN_OR_RETURN(const TenantTerms terms, TermsOf(caller.tenant));
  const uint32_t greatest = terms.greatest_guess_limit.value_or(guess_limit);
  if (guess_limit <= greatest) return absl::OkStatus();
  return InOwnWords(absl::InvalidArgumentError(
      absl::StrCat("guess_limit: is ", guess_limit,
                   ", and this realm lets records of this platform have at most ", greatest)));
}

void RecoveryService::GiveChallenge(const Caller& caller, std::string* challenge) {
  const absl::StatusOr<Challenge> fresh = engine_.NewChallenge(caller);
  if (fresh.ok()) *challenge = ToString(*fresh);
}

template <typename Outcome>
void RecoveryService::LogDestroyed(const Caller& caller, const std::string& record, const Outcome& outcome,
                                   const std::function<void()>& then) {
  const auto* destroyed = std::get_if<Destroyed>(&outcome);
  if (destroyed == nullptr) return then();
  log_.RecordDestroyed(caller, record, *destroyed, then);
}

absl::Status RecoveryService::GetRealm(const Call& call, const v1::GetRealmRequest&,
                                       v1::GetRealmResponse* response) {
  DescribeRealm(facts_, engine_.status(), response);
  call.Finish(absl::OkStatus());
  return absl::OkStatus();
}

absl::Status RecoveryService::GetChallenge(const Call& call, const v1::GetChallengeRequest&,
                                           v1::GetChallengeResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(const Challenge challenge, engine_.NewChallenge(caller));
  response->set_challenge(ToString(challenge));
  call.Finish(absl::OkStatus());
  return absl::OkStatus();
}

absl::Status RecoveryService::EnrollDevice(const Call& call, const v1::EnrollDeviceRequest& request,
                                           v1::EnrollDeviceResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const TokenHolder holder, HolderOf(call));
  LABREC_ASSIGN_OR_RETURN(const Caller caller, CallerOf(holder, call));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey key, PublicKeyField("public_key", request.public_key()));
  LABREC_ASSIGN_OR_RETURN(const FirstDevicePolicy first_device, FirstDeviceFor(key, holder));
  LABREC_ASSIGN_OR_RETURN(std::string name, DeviceNameField(request.name()));
  LABREC_ASSIGN_OR_RETURN(Bytes challenge, FixedField("challenge", request.challenge(), 32));
  LABREC_ASSIGN_OR_RETURN(Bytes proof, FixedField("proof", request.proof(), 64));
  LABREC_ASSIGN_OR_RETURN(auto authorization,
                          OptionalSignature(request.has_authorization(), request.authorization()));
  engine_.devices().EnrollDevice(
      caller, key, std::move(name), std::move(challenge), std::move(proof), std::move(authorization),
      call.AnswerAfter<Enrollment>([=, this](const Enrollment& enrolled, auto finish) {
        response->set_device_id(ToString(enrolled.device));
        log_.DeviceEnrolled(caller, enrolled, finish);
      }),
      first_device);
  return absl::OkStatus();
}

absl::Status RecoveryService::RevokeDevice(const Call& call, const v1::RevokeDeviceRequest& request,
                                           v1::RevokeDeviceResponse*) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(const DeviceId device, DeviceIdField(request.device_id()));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(request.has_authorization(), request.authorization()));
  engine_.devices().RevokeDevice(caller, device, std::move(authorization),
                                 call.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                   log_.DeviceRevoked(caller, device, done, finish);
                                 }));
  return absl::OkStatus();
}

absl::Status RecoveryService::ListDevices(const Call& call, const v1::ListDevicesRequest&,
                                          v1::ListDevicesResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  engine_.devices().ListDevices(std::move(caller), call.Answer<Account>([=](const Account& account) {
    FillDevices(account, response);
  }));
  return absl::OkStatus();
}

absl::Status RecoveryService::BeginRegistration(const Call& call, const v1::BeginRegistrationRequest& request,
                                                v1::BeginRegistrationResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  if (request.has_chip()) return BeginChipRegistration(caller, request, response, call);
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  LABREC_ASSIGN_OR_RETURN(auto elements, ElementsField(request.elements(), 1, 2));
  engine_.registrations().BeginRegistration(
      caller, std::move(record), version, std::move(elements),
      call.Answer<RegistrationBegun>([=, this](const RegistrationBegun& begun) {
        GiveChallenge(caller, response->mutable_next_challenge());
        response->set_registration_id(ToString(begun.registration_id));
        FillPoints(begun.evaluated, response->mutable_evaluated());
      }));
  return absl::OkStatus();
}

absl::Status RecoveryService::FinishRegistration(const Call& call,
                                                 const v1::FinishRegistrationRequest& request,
                                                 v1::FinishRegistrationResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(RegistrationRequest registration, RegistrationField(request));
  const std::string record = registration.record;
  const uint32_t version = registration.version;
  // A config that cannot be read the engine refuses, and says why.
  const absl::StatusOr<RecordConfig> config =
      ParseRecordConfig(registration.config, {caller.tenant, caller.account, record}, version);
  if (config.ok()) LABREC_RETURN_IF_ERROR(CheckGuessLimitOf(caller, config->guess_limit));
  engine_.registrations().FinishRegistration(caller, std::move(registration),
                                             call.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                               GiveChallenge(caller, response->mutable_next_challenge());
                                               log_.VersionRegistered(caller, record, version, done, finish);
                                             }));
  return absl::OkStatus();
}

absl::Status RecoveryService::Activate(const Call& call, const v1::ActivateRequest& request,
                                       v1::ActivateResponse*) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(request.has_authorization(), request.authorization()));
  engine_.registrations().Activate(caller, record, version, std::move(authorization),
                                   call.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                     log_.VersionActivated(caller, record, version, done, finish);
                                   }));
  return absl::OkStatus();
}

absl::Status RecoveryService::GetRecord(const Call& call, const v1::GetRecordRequest& request,
                                        v1::GetRecordResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  engine_.records().GetRecord(caller, std::move(record),
                              call.Answer<RecordView>([=, this](const RecordView& view) {
                                GiveChallenge(caller, response->mutable_next_challenge());
                                FillRecord(view, Configs::kInclude, response);
                              }));
  return absl::OkStatus();
}

absl::Status RecoveryService::Evaluate(const Call& call, const v1::EvaluateRequest& request,
                                       v1::EvaluateResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  LABREC_ASSIGN_OR_RETURN(const auto elements, ElementsField(request.elements(), 1, 1));
  engine_.guessing().Evaluate(
      caller, record, version, elements.front(),
      call.AnswerAfter<EvaluateOutcome>([=, this](const EvaluateOutcome& outcome, auto finish) {
        FillEvaluate(outcome, response);
        LogDestroyed(caller, record, outcome, finish);
      }));
  return absl::OkStatus();
}

absl::Status RecoveryService::BeginUnlock(const Call& call, const v1::BeginUnlockRequest& request,
                                          v1::BeginUnlockResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  engine_.guessing().BeginUnlock(std::move(caller), std::move(record), version,
                                 call.Answer<Challenge>([=](const Challenge& challenge) {
                                   response->set_challenge(ToString(challenge));
                                 }));
  return absl::OkStatus();
}

absl::Status RecoveryService::Unlock(const Call& call, const v1::UnlockRequest& request,
                                     v1::UnlockResponse* response) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(request.version()));
  LABREC_ASSIGN_OR_RETURN(Bytes challenge, FixedField("challenge", request.challenge(), 32));
  LABREC_ASSIGN_OR_RETURN(Bytes signature, FixedField("signature", request.signature(), 64));
  engine_.guessing().Unlock(
      caller, record, version, std::move(challenge), std::move(signature),
      call.AnswerAfter<UnlockOutcome>([=, this](const UnlockOutcome& outcome, auto finish) {
        FillUnlock(outcome, response);
        if (response->has_unlocked()) {
          GiveChallenge(caller, response->mutable_unlocked()->mutable_next_challenge());
        }
        LogDestroyed(caller, record, outcome, finish);
      }));
  return absl::OkStatus();
}

absl::Status RecoveryService::DeleteRecord(const Call& call, const v1::DeleteRecordRequest& request,
                                           v1::DeleteRecordResponse*) {
  LABREC_ASSIGN_OR_RETURN(const Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(const std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(request.has_authorization(), request.authorization()));
  engine_.records().DeleteRecord(caller, record, std::move(authorization),
                                 call.AnswerAfter<Ok>([=, this](Ok done, auto finish) {
                                   log_.RecordDeleted(caller, record, done, finish);
                                 }));
  return absl::OkStatus();
}

absl::Status RecoveryService::RaiseFloor(const Call& call, const v1::RaiseFloorRequest& request,
                                         v1::RaiseFloorResponse*) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(const Digest digest, DigestField("digest", request.digest()));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(request.has_authorization(), request.authorization()));
  engine_.records().RaiseFloor(std::move(caller), std::move(record), request.sequence(), digest,
                               std::move(authorization), call.Answer<Ok>([](Ok) {}));
  return absl::OkStatus();
}

absl::Status RecoveryService::GetFloor(const Call& call, const v1::GetFloorRequest& request,
                                       v1::GetFloorResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(request.record()));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(request.has_authorization(), request.authorization()));
  engine_.records().GetFloor(
      std::move(caller), std::move(record), std::move(authorization),
      call.Answer<std::optional<EpochFloor>>([=](const std::optional<EpochFloor>& floor) {
        if (floor) FillFloor(*floor, response->mutable_floor());
      }));
  return absl::OkStatus();
}

}  // namespace labrec::recovery
