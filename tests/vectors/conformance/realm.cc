#include "tests/vectors/conformance/realm.h"

#include <algorithm>

#include "hsm/base/p256.h"
#include "tests/vectors/conformance/example.h"

namespace labrec::conformance {

namespace wire = recovery::wire;

namespace {

template <typename M>
M TakeOrEmpty(const Bytes& body) {
  return wire::Decode<M>(body).value_or(M());
}

KitReply NoSuchVersion() {
  return Refuse(absl::StatusCode::kNotFound, "the record has no such version");
}

}  // namespace

void HonestRealm::Hold(const KitRecord& record, wire::VersionStage stage, uint32_t remaining) {
  Version& version = versions[record.version()];
  version.shown.version = record.version();
  version.shown.stage = stage;
  version.shown.config = record.config_bytes;
  version.shown.commitment = record.commitment;
  version.shown.remaining = remaining;
  version.sealed_secret = record.sealed_secret;
  highest_version = std::max(highest_version, record.version());
}

void HonestRealm::Instead(std::string method, int nth, MaybeReply reply) {
  instead_[{std::move(method), nth}] = std::move(reply);
}

void HonestRealm::Always(std::string method, std::function<MaybeReply(MaybeReply)> change) {
  always_[std::move(method)] = std::move(change);
}

MaybeReply HonestRealm::Answer(std::string_view method, const Bytes& body) {
  const std::string name(method);
  const int nth = calls_[name]++;
  if (const auto other = instead_.find({name, nth}); other != instead_.end()) return other->second;
  MaybeReply reply = Honest(method, body);
  const auto change = always_.find(name);
  return change == always_.end() ? reply : change->second(std::move(reply));
}

MaybeReply HonestRealm::Honest(std::string_view method, const Bytes& body) {
  if (method == "GetRealm") {
    wire::GetRealmResponse response;
    response.realm_id = Example::RealmId(number_);
    response.protocol_version = 1;
    response.evaluation_public_key = ToBytes(P256Point::Generator().Compressed());
    return Give(response);
  }
  if (method == "GetChallenge") {
    wire::GetChallengeResponse response;
    response.challenge = NewChallenge();
    return Give(response);
  }
  if (method == "BeginUnlock") {
    wire::BeginUnlockResponse response;
    response.challenge = NewChallenge();
    return Give(response);
  }
  if (method == "GetRecord") return GetRecord();
  if (method == "BeginRegistration") return Begin(TakeOrEmpty<wire::BeginRegistrationRequest>(body));
  if (method == "FinishRegistration") return Finish(TakeOrEmpty<wire::FinishRegistrationRequest>(body));
  if (method == "Activate") return Activate(TakeOrEmpty<wire::ActivateRequest>(body));
  if (method == "Evaluate") return Evaluate(TakeOrEmpty<wire::EvaluateRequest>(body));
  if (method == "Unlock") return Unlock(TakeOrEmpty<wire::UnlockRequest>(body));
  if (method == "EnrollDevice") return Give(wire::EnrollDeviceResponse());
  if (method == "RevokeDevice") return Give(wire::RevokeDeviceResponse());
  if (method == "DeleteRecord") return Give(wire::DeleteRecordResponse());
  if (method == "RaiseFloor") return Give(wire::RaiseFloorResponse());
  if (method == "GetFloor") {
    wire::GetFloorResponse response;
    response.floor = floor;
    return Give(response);
  }
  if (chip) return ByChip(method, body);
  return Refuse(absl::StatusCode::kUnimplemented, "not in the kit");
}

KitReply HonestRealm::ByChip(std::string_view method, const Bytes& body) {
  if (method == "GetIdentity") {
    wire::GetIdentityResponse response;
    response.identity = chip->Identity();
    return Give(response);
  }
  if (method == "BeginChipWrite") return Give(chip->Begin(TakeOrEmpty<wire::BeginChipWriteRequest>(body)));
  if (method == "FinishChipWrite") {
    const auto written = chip->Finish(TakeOrEmpty<wire::FinishChipWriteRequest>(body));
    if (!written) return Refuse(absl::StatusCode::kPermissionDenied, "not signed for this write");
    return Give(*written);
  }
  return Refuse(absl::StatusCode::kUnimplemented, "not in the kit");
}

// The realm's number, which challenge it is, and zeros.
Bytes HonestRealm::NewChallenge() {
  Bytes challenge(32, 0);
  challenge[0] = static_cast<uint8_t>(0xA0 + number_);
  challenge[1] = ++challenges_;
  return challenge;
}

Bytes HonestRealm::Evaluated(uint32_t version, const Bytes& element) const {
  const P256Point point = P256Point::ParseCompressed(element).value();
  return ToBytes(point.Times(P256Scalar::Parse(KitRealmKey(number_, version)).value()).Compressed());
}

KitReply HonestRealm::GetRecord() {
  wire::GetRecordResponse response;
  response.next_challenge = NewChallenge();
  response.state = versions.empty() ? wire::RecordState::kNotRegistered : wire::RecordState::kUsable;
  response.highest_version = highest_version;
  for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
    if (at->second.shown.config.empty()) continue;
    wire::RecordVersion shown = at->second.shown;
    if (locked_until_ms) shown.locked_until_ms = *locked_until_ms;
    response.versions.push_back(std::move(shown));
    response.guess_limit = at->second.limit;
    response.remaining = std::max(response.remaining, at->second.shown.remaining.value_or(0));
  }
  if (locked_until_ms) {
    response.state = wire::RecordState::kLocked;
    response.locked_until_ms = *locked_until_ms;
  }
  return Give(response);
}

KitReply HonestRealm::Begin(const wire::BeginRegistrationRequest& request) {
  wire::BeginRegistrationResponse response;
  response.registration_id = Bytes(16, static_cast<uint8_t>(0xB0 + number_));
  response.next_challenge = NewChallenge();
  for (const Bytes& element : request.elements) {
    response.evaluated.push_back(Evaluated(request.version, element));
  }
  return Give(response);
}

KitReply HonestRealm::Finish(const wire::FinishRegistrationRequest& request) {
  uint32_t fewest = 10;
  for (const auto& [number, version] : versions) {
    if (version.shown.remaining.value_or(0) > 0) fewest = std::min(fewest, *version.shown.remaining);
  }
  Version& version = versions[request.version];
  version.shown.version = request.version;
  version.shown.stage = wire::VersionStage::kPending;
  version.shown.config = request.config;
  version.shown.commitment = request.commitment;
  version.shown.remaining = fewest;
  version.sealed_secret = request.sealed_secret;
  highest_version = std::max(highest_version, request.version);
  wire::FinishRegistrationResponse response;
  response.next_challenge = NewChallenge();
  return Give(response);
}

KitReply HonestRealm::Activate(const wire::ActivateRequest& request) {
  if (!versions.contains(request.version)) return NoSuchVersion();
  versions[request.version].shown.stage = wire::VersionStage::kActive;
  versions.erase(versions.begin(), versions.find(request.version));
  return Give(wire::ActivateResponse());
}

KitReply HonestRealm::Evaluate(const wire::EvaluateRequest& request) {
  const auto version = versions.find(request.version);
  if (version == versions.end()) return NoSuchVersion();
  if (const auto known = evaluations_.find(request.elements[0]); known != evaluations_.end()) {
    return known->second;
  }
  wire::EvaluateResponse response;
  if (locked_until_ms) {
    wire::LockedUntil locked;
    locked.until_ms = *locked_until_ms;
    locked.remaining = version->second.shown.remaining.value_or(0);
    response.outcome = locked;
    return Give(response);
  }
  if (version->second.shown.remaining == 0U) {
    versions.erase(version);
    if (!versions.empty()) return NoSuchVersion();
    response.outcome = wire::Destroyed();
    return Give(response);
  }
  if (chip) ++chip->held.count;
  // Counted at every usable version.
  for (auto& [number, usable] : versions) {
    if (usable.shown.remaining.value_or(0) > 0) usable.shown.remaining = *usable.shown.remaining - 1;
  }
  wire::Evaluated evaluated;
  evaluated.evaluated.push_back(Evaluated(request.version, request.elements[0]));
  evaluated.remaining = *version->second.shown.remaining;
  evaluated.challenge = NewChallenge();
  response.outcome = std::move(evaluated);
  return evaluations_[request.elements[0]] = Give(response);
}

KitReply HonestRealm::Unlock(const wire::UnlockRequest& request) {
  const auto version = versions.find(request.version);
  if (version == versions.end()) return NoSuchVersion();
  // What a chip has counted a success alone does not give back.
  if (!chip) version->second.shown.remaining = version->second.limit;
  wire::UnlockResponse response;
  wire::Unlocked unlocked;
  unlocked.sealed_secret = version->second.sealed_secret;
  unlocked.remaining = version->second.shown.remaining.value_or(0);
  unlocked.floor = floor;
  unlocked.next_challenge = NewChallenge();
  response.outcome = std::move(unlocked);
  return Give(response);
}

}  // namespace labrec::conformance
