#include "tests/hostile/chip/tricks.h"

#include <algorithm>
#include <span>

#include "attestation/evidence/evidence.h"
#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/registration_messages.h"

namespace labrec::hostile {

namespace wire = recovery::wire;

namespace {

template <typename M>
std::optional<ChipTricks::Reply> Answered(const M& message) {
  ChipTricks::Reply reply;
  reply.body = wire::Encode(message);
  return reply;
}

template <typename M>
std::optional<M> In(const ChipTricks::Reply& reply) {
  if (!reply.status.ok()) return std::nullopt;
  return wire::Decode<M>(reply.body);
}

// The statement about an index with another count and limit in it, which its signature does not cover.
Bytes Bent(const Bytes& contents, const std::function<void(tpm::PinCounter&)>& bend) {
  auto statement = attestation::DecodeSignedStatement(contents);
  if (!statement.ok() || statement->attest.size() < 8) return contents;
  const auto held = std::span(statement->attest).last(8);  // TPMS_NV_CERTIFY_INFO ends with them
  Reader reader(held);
  tpm::PinCounter counter;
  counter.count = reader.U32();
  counter.limit = reader.U32();
  bend(counter);
  std::ranges::copy(tpm::Marshal(counter), held.begin());
  return Encode(*statement);
}

}  // namespace

std::optional<ChipTricks::Reply> ChipTricks::Answer(ChipTrick trick, const CallStep& call, const Truth& truth,
                                                    const Identity& certified) {
  switch (trick) {
    case ChipTrick::kEmulated:
    case ChipTrick::kBorrowed:
      return Identified(trick, call, truth, certified);
    case ChipTrick::kHidesUses:
      return WithFewUses(call, truth);
    case ChipTrick::kWritesNothing:
      return Unwritten(call, truth);
    case ChipTrick::kKeyOutside:
      return ByKeyOutside(call, truth);
    case ChipTrick::kDenied: {
      auto response = call.method == "GetRealm" ? In<wire::GetRealmResponse>(truth()) : std::nullopt;
      if (!response) return std::nullopt;
      response->chip.reset();
      response->no_chip_reason = "a lie";
      return Answered(*response);
    }
    case ChipTrick::kNone:
    case ChipTrick::kCount:
      break;
  }
  return std::nullopt;
}

// A chip that no vendor made: its certificate is not signed by one, or is another chip's.
std::optional<ChipTricks::Reply> ChipTricks::Identified(ChipTrick trick, const CallStep& call,
                                                        const Truth& truth, const Identity& certified) {
  const bool borrows = trick == ChipTrick::kBorrowed;
  if (call.method == "ActivateCredential" && borrows) {
    wire::ActivateCredentialResponse response;
    response.activated = Bytes(32, 0xA5);
    return Answered(response);
  }
  if (call.method != "GetIdentity") return std::nullopt;
  auto response = In<wire::GetIdentityResponse>(truth());
  auto own = attestation::DecodeIdentityEvidence(response ? response->identity : Bytes());
  if (!own.ok() || own->ek_certificate.empty()) return std::nullopt;
  own->ek_certificate.back() ^= 1U;
  if (borrows) {
    const auto shown = In<wire::GetIdentityResponse>(certified());
    auto genuine = attestation::DecodeIdentityEvidence(shown ? shown->identity : Bytes());
    if (!genuine.ok()) return std::nullopt;
    genuine->ak_public = own->ak_public;
    *own = *std::move(genuine);
  }
  response->identity = Encode(*own);
  return Answered(*response);
}

// As if the one use that the owner knows of were all since the latest refill.
std::optional<ChipTricks::Reply> ChipTricks::WithFewUses(const CallStep& call, const Truth& truth) const {
  auto response = call.method == "BeginChipWrite" ? In<wire::BeginChipWriteResponse>(truth()) : std::nullopt;
  if (!response) return std::nullopt;
  response->contents = Bent(response->contents, [&](tpm::PinCounter& held) {
    const uint32_t since = held.limit - std::min(held.limit, guess_limit_);
    held.count = std::min(held.count, since + 1);
  });
  return Answered(*response);
}

// Nothing is written but the first time, and the statement from before the write is bent to what was asked.
std::optional<ChipTricks::Reply> ChipTricks::Unwritten(const CallStep& call, const Truth& truth) {
  if (call.method == "BeginChipWrite") {
    const auto response = In<wire::BeginChipWriteResponse>(truth());
    contents_[call.realm] = response ? response->contents : Bytes();
    return std::nullopt;
  }
  const Bytes& before = contents_[call.realm];
  const auto request =
      call.method == "FinishChipWrite" ? wire::Decode<wire::FinishChipWriteRequest>(call.body) : std::nullopt;
  if (!request || before.empty()) return std::nullopt;
  wire::FinishChipWriteResponse response;
  response.contents = Bent(before, [&](tpm::PinCounter& held) { held.limit = request->limit; });
  return Answered(response);
}

// The chip makes key and index and counts what it is asked, and what evaluates is a key that has no count.
std::optional<ChipTricks::Reply> ChipTricks::ByKeyOutside(const CallStep& call, const Truth& truth) {
  if (call.method == "BeginRegistration") {
    auto response = In<wire::BeginRegistrationResponse>(truth());
    auto evidence =
        attestation::DecodeRecordKeyEvidence(response && response->chip ? response->chip->evidence : Bytes());
    const auto request = wire::Decode<wire::BeginRegistrationRequest>(call.body);
    auto key = evidence.ok() ? tpm::TpmtPublic::Parse(evidence->key_public)
                             : absl::StatusOr<tpm::TpmtPublic>(evidence.status());
    if (!key.ok() || !request) return std::nullopt;
    const auto point = P256Point::Generator().Times(outside_key_).Uncompressed();
    key->x.assign(point.begin() + 1, point.begin() + 33);
    key->y.assign(point.begin() + 33, point.end());
    evidence->key_public = key->Marshal();
    response->chip->evidence = Encode(*evidence);
    outside_.insert({call.realm, request->version});
    return Answered(*response);
  }
  const auto request =
      call.method == "ConfirmKey" ? wire::Decode<wire::ConfirmKeyRequest>(call.body) : std::nullopt;
  if (!request) return std::nullopt;
  auto response = In<wire::ConfirmKeyResponse>(truth());
  if (!response || response->evaluated.size() != request->elements.size()) return std::nullopt;
  for (size_t i = 0; i < request->elements.size(); ++i) {
    const auto element = P256Point::ParseCompressed(request->elements[i]);
    if (element.ok()) response->evaluated[i] = ToBytes(element->Times(outside_key_).Compressed());
  }
  return Answered(*response);
}

}  // namespace labrec::hostile
