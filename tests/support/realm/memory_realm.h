#pragma once

#include <map>
#include <string>
#include <utility>

#include "hsm/base/ecdsa.h"
#include "hsm/base/p256.h"
#include "recovery/api/request_bytes.h"
#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"
#include "recovery/client/core/step.h"

namespace labrec::recovery::client::core {

// As much of a realm as drives the operations through all of their steps: one account, one record, no device,
// no storage, no checks but those of the unlock signature. It proves nothing about realms: the integration
// tests ask real ones. What it is for is what happens to an operation's memory.
class MemoryRealm {
 public:
  // For this account of tenant "chat".
  explicit MemoryRealm(Bytes id, std::string account = "alice")
      : id_(std::move(id)), account_(std::move(account)) {}

  Reply Answer(const CallStep& call) {
    if (call.method == "GetRealm") return GetRealm();
    if (call.method == "GetChallenge") return Challenge<wire::GetChallengeResponse>();
    if (call.method == "GetRecord") return GetRecord();
    if (call.method == "BeginRegistration") return Begin(Take<wire::BeginRegistrationRequest>(call));
    if (call.method == "FinishRegistration") return Finish(Take<wire::FinishRegistrationRequest>(call));
    if (call.method == "Activate") return Activate(Take<wire::ActivateRequest>(call));
    if (call.method == "Evaluate") return Evaluate(Take<wire::EvaluateRequest>(call));
    if (call.method == "BeginUnlock") return Challenge<wire::BeginUnlockResponse>();
    if (call.method == "Unlock") return Unlock(Take<wire::UnlockRequest>(call));
    return {absl::UnimplementedError("not here"), {}, {}, {}};
  }
  int guesses() const { return guesses_; }
  // Says that the record had versions up to this number.
  void SetHighest(uint32_t version) { highest_ = version; }
  bool Holds(uint32_t version) const { return versions_.contains(version); }

 private:
  struct Version {
    P256Scalar key = P256Scalar::Random();
    wire::FinishRegistrationRequest finished;
    bool active = false;
    uint32_t left = 0;
  };
  template <typename M>
  static M Take(const CallStep& call) {
    return wire::Decode<M>(call.body).value_or(M());
  }
  template <typename M>
  static Reply Give(const M& message) {
    return {absl::OkStatus(), wire::Encode(message), {}, {}};
  }
  static Bytes Evaluated(const Version& version, const Bytes& element) {
    const auto point = P256Point::ParseCompressed(element);
    return point.ok() ? ToBytes(point->Times(version.key).Compressed()) : Bytes();
  }

  template <typename M>
  Reply Challenge() {
    M response;
    response.challenge = Bytes(32, 0x11);
    return Give(response);
  }
  Reply GetRealm() {
    wire::GetRealmResponse response;
    response.realm_id = id_;
    response.protocol_version = 1;
    return Give(response);
  }
  Reply GetRecord() {
    wire::GetRecordResponse response;
    response.state = wire::RecordState::kNotRegistered;
    response.highest_version = highest_;
    for (auto at = versions_.rbegin(); at != versions_.rend(); ++at) {
      const auto& [number, version] = *at;
      response.highest_version = std::max(response.highest_version, number);
      if (version.finished.config.empty()) continue;
      response.state = wire::RecordState::kUsable;
      wire::RecordVersion shown;
      shown.version = number;
      shown.stage = version.active ? wire::VersionStage::kActive : wire::VersionStage::kPending;
      shown.config = version.finished.config;
      shown.commitment = version.finished.commitment;
      shown.remaining = version.left;
      response.versions.push_back(shown);
    }
    return Give(response);
  }
  Reply Begin(const wire::BeginRegistrationRequest& request) {
    Version& version = versions_[request.version];
    wire::BeginRegistrationResponse response;
    response.registration_id = Bytes(16, 0x22);
    for (const Bytes& element : request.elements) response.evaluated.push_back(Evaluated(version, element));
    return Give(response);
  }
  Reply Finish(wire::FinishRegistrationRequest request) {
    Version& version = versions_[request.version];
    version.finished = std::move(request);
    version.left = 5;
    return Give(wire::FinishRegistrationResponse());
  }
  Reply Activate(const wire::ActivateRequest& request) {
    versions_[request.version].active = true;
    versions_.erase(versions_.begin(), versions_.find(request.version));
    return Give(wire::ActivateResponse());
  }
  Reply Evaluate(const wire::EvaluateRequest& request) {
    const auto version = versions_.find(request.version);
    if (version == versions_.end()) return {absl::NotFoundError("no such version"), {}, {}, {}};
    wire::EvaluateResponse response;
    if (version->second.left == 0) {
      response.outcome = wire::Destroyed();
      return Give(response);
    }
    --version->second.left;
    ++guesses_;
    wire::Evaluated evaluated;
    for (const Bytes& element : request.elements) {
      evaluated.evaluated.push_back(Evaluated(version->second, element));
    }
    evaluated.remaining = version->second.left;
    evaluated.challenge = Bytes(32, 0x33);
    response.outcome = std::move(evaluated);
    return Give(response);
  }
  Reply Unlock(const wire::UnlockRequest& request) {
    const auto version = versions_.find(request.version);
    if (version == versions_.end()) return {absl::NotFoundError("no such version"), {}, {}, {}};
    const auto key = EcdsaPublicKey::FromSpki(version->second.finished.unlock_public_key);
    const Bytes message =
        UnlockBytes({id_, "chat", account_}, request.record, request.version, request.challenge);
    if (!key.ok() || !key->Verify(message, request.signature)) {
      return {absl::PermissionDeniedError("another's signature"), {}, {}, {}};
    }
    version->second.left = 5;
    wire::UnlockResponse response;
    wire::Unlocked unlocked;
    unlocked.sealed_secret = version->second.finished.sealed_secret;
    unlocked.remaining = 5;
    response.outcome = std::move(unlocked);
    return Give(response);
  }

  const Bytes id_;
  const std::string account_;
  std::map<uint32_t, Version> versions_;
  int guesses_ = 0;
  uint32_t highest_ = 0;
};

}  // namespace labrec::recovery::client::core
