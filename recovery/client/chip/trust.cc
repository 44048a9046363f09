#include "recovery/client/chip/trust.h"

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/evidence/refusal.h"
#include "attestation/verify/chip_record_verifier.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

using attestation::AkChallenge;
using attestation::IdentityEvidence;
using attestation::TpmIdentity;

// The realm's TPM opens the challenge: the keys are in it, and in one TPM.
absl::Status Challenge(RealmChannel& realm, TpmIdentity& identity, Cancellation& cancellation) {
  const absl::StatusOr<AkChallenge> challenge = ChallengeAk(identity);
  if (!challenge.ok()) return Unproven(realm, challenge.status());
  v1::ActivateCredentialRequest request;
  request.set_credential(ToString(attestation::Encode(challenge->blob)));
  LABREC_ASSIGN_OR_RETURN(const v1::ActivateCredentialResponse response, realm.Call(request, cancellation));
  const absl::Status bound = CheckActivated(*challenge, AsBytes(response.activated()), identity);
  return bound.ok() ? bound : Unproven(realm, bound);
}

absl::StatusOr<VerifiedAk> ByPin(const RealmChannel& realm, const IdentityEvidence& evidence,
                                 const Bytes& name) {
  absl::StatusOr<tpm::TpmtPublic> ak = tpm::TpmtPublic::Parse(evidence.ak_public);
  if (!ak.ok()) return Unproven(realm, ak.status());
  absl::Status known = attestation::CheckPinnedAk(name, *ak);
  known.Update(attestation::CheckAttestationKey(*ak));
  if (!known.ok()) return Unproven(realm, known);
  VerifiedAk verified{*std::move(ak), {}};
  verified.report.push_back(
      {"the realm's attestation key is the one that was verified when the record was sealed",
       "its Name in the record's config, which the record's secret binds"});
  return verified;
}

}  // namespace

absl::Status Unproven(const RealmChannel& realm, const absl::Status& refusal) {
  return absl::DataLossError(
      absl::StrCat("realm ", realm.name(), " does not prove that its chip counts: ", refusal.message(), " (",
                   AbslView(attestation::NameOf(attestation::ReasonOf(refusal))), ")"));
}

absl::StatusOr<VerifiedAk> VerifyAk(const RealmSet& realms, size_t realm, const ChipTrust& trust,
                                    Cancellation& cancellation) {
  RealmChannel& channel = realms[realm];
  LABREC_ASSIGN_OR_RETURN(const v1::GetIdentityResponse response,
                          channel.Call(v1::GetIdentityRequest(), cancellation));
  const auto evidence = attestation::DecodeIdentityEvidence(AsBytes(response.identity()));
  if (!evidence.ok()) return Unproven(channel, evidence.status());
  const auto pin = trust.pinned_aks.find(ToBytes(channel.id()));
  if (pin != trust.pinned_aks.end()) return ByPin(channel, *evidence, pin->second);
  if (!trust.roots) {
    return absl::InvalidArgumentError(absl::StrCat("nothing to verify the chip of realm ", channel.name(),
                                                   " by: name a folder of TPM vendors' certificates"));
  }
  absl::StatusOr<TpmIdentity> identity = CheckIdentity(*evidence, *trust.roots, SystemClock().NowMillis());
  if (!identity.ok()) return Unproven(channel, identity.status());
  LABREC_RETURN_IF_ERROR(Challenge(channel, *identity, cancellation));
  return VerifiedAk{std::move(identity->ak), std::move(identity->report)};
}

}  // namespace labrec::recovery::client
